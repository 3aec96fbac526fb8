# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mm_global_optspecs
    string join \n m/model= p/provider= t/threads= v/verbose h/help V/version
end

function __fish_mm_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mm_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mm_using_subcommand
    set -l cmd (__fish_mm_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mm -n "__fish_mm_needs_command" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_needs_command" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_needs_command" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_needs_command" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_needs_command" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_needs_command" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_needs_command" -f -a "caption" -d 'Say in a sentence what each picture shows: files, folders, or `-` for standard input'
complete -c mm -n "__fish_mm_needs_command" -f -a "ask" -d 'Answer a question about a picture, or a file full of questions'
complete -c mm -n "__fish_mm_needs_command" -f -a "embed" -d 'Turn pictures or texts into vectors that lie close together where they mean the same'
complete -c mm -n "__fish_mm_needs_command" -f -a "ocr" -d 'Read the text in pictures: files, folders, or `-` for standard input'
complete -c mm -n "__fish_mm_needs_command" -f -a "live" -d 'Say what a camera or a recording shows while it runs: captions of every new scene and the text in view'
complete -c mm -n "__fish_mm_needs_command" -f -a "index" -d 'Make folders of photos searchable; photos stay where they are and are only read'
complete -c mm -n "__fish_mm_needs_command" -f -a "search" -d 'Find indexed photos by words, by text in them, by date, or by another picture'
complete -c mm -n "__fish_mm_needs_command" -f -a "bench" -d 'Measure speed and memory on this machine'
complete -c mm -n "__fish_mm_needs_command" -f -a "model" -d 'List, describe and verify model bundles'
complete -c mm -n "__fish_mm_needs_command" -f -a "generate" -d 'Write shell completions and man pages to a folder'
complete -c mm -n "__fish_mm_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mm -n "__fish_mm_using_subcommand caption" -l beams -d 'Sentences weighed against each other, 1 (fastest) to 16; the bundle\'s own setting by default' -r
complete -c mm -n "__fish_mm_using_subcommand caption" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand caption" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand caption" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand caption" -l json -d 'One JSON object per picture instead of a sentence'
complete -c mm -n "__fish_mm_using_subcommand caption" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand caption" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand caption" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand ask" -l batch -d 'Questions about many pictures: a file with one JSON object `{"image": PATH, "question": TEXT}` per line, or `-`. Paths are taken from the current folder' -r -F
complete -c mm -n "__fish_mm_using_subcommand ask" -l unsure-below -d 'Say "not sure" when the confidence is below this, 0 to 1; the bundle\'s own setting by default' -r
complete -c mm -n "__fish_mm_using_subcommand ask" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand ask" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand ask" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand ask" -l json -d 'One JSON object per question instead of a sentence'
complete -c mm -n "__fish_mm_using_subcommand ask" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand ask" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand ask" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand embed" -l text -d 'Texts instead of pictures' -r
complete -c mm -n "__fish_mm_using_subcommand embed" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand embed" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand embed" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand embed" -l json -d 'One JSON object per picture or text. Without it the cosine of every pair is shown'
complete -c mm -n "__fish_mm_using_subcommand embed" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand embed" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand embed" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand ocr" -l overlay -d 'Write a copy of the picture with boxes and words drawn on it (a single picture only)' -r -F
complete -c mm -n "__fish_mm_using_subcommand ocr" -l max-side -d 'Longest side of the detector\'s input in pixels. Larger finds smaller text and takes longer' -r
complete -c mm -n "__fish_mm_using_subcommand ocr" -l min-confidence -d 'Drop lines whose confidence is below this, 0 to 1' -r
complete -c mm -n "__fish_mm_using_subcommand ocr" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand ocr" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand ocr" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand ocr" -l json -d 'One JSON object per picture instead of plain text'
complete -c mm -n "__fish_mm_using_subcommand ocr" -l crop -d 'Each picture is one upright line of text already cut out: skip detection'
complete -c mm -n "__fish_mm_using_subcommand ocr" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand ocr" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand ocr" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand live" -l source -d 'What to watch: `camera:N`, `camera:NAME`, or `replay:PATH` with a folder of pictures, a .y4m video or a Motion-JPEG stream' -r
complete -c mm -n "__fish_mm_using_subcommand live" -l frames -d 'End after this many frames' -r
complete -c mm -n "__fish_mm_using_subcommand live" -l pace -d 'How fast a recording is replayed' -r -f -a "real\t'As a camera would: frames that come while another is analysed are left out'
fast\t'Every frame is analysed, the next as soon as the last one is done'"
complete -c mm -n "__fish_mm_using_subcommand live" -l fps -d 'Frames per second to replay at, or to ask the camera for. A folder replayed at a rate shows each picture for one frame; without one, for three seconds' -r
complete -c mm -n "__fish_mm_using_subcommand live" -l size -d 'Size to ask the camera for, such as 1280x720; the nearest it has is used' -r
complete -c mm -n "__fish_mm_using_subcommand live" -l only -d 'Only one of the two results' -r -f -a "captions\t'What the scenes show'
text\t'The words in view'"
complete -c mm -n "__fish_mm_using_subcommand live" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand live" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand live" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand live" -l list-cameras -d 'Name the cameras of this machine and end'
complete -c mm -n "__fish_mm_using_subcommand live" -l json -d 'One JSON object per event instead of text'
complete -c mm -n "__fish_mm_using_subcommand live" -l repeat -d 'Start the recording again at its end'
complete -c mm -n "__fish_mm_using_subcommand live" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand live" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mm -n "__fish_mm_using_subcommand live" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand index" -l db -d 'The library\'s database; the app\'s own by default' -r -F
complete -c mm -n "__fish_mm_using_subcommand index" -l forget -d 'Forget a folder; its photos stay where they are' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand index" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand index" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand index" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand index" -l watch -d 'Go on and index what changes in the folders, until Ctrl-C'
complete -c mm -n "__fish_mm_using_subcommand index" -l full-speed -d 'Do not slow down on battery or when the device gets warm'
complete -c mm -n "__fish_mm_using_subcommand index" -l json -d 'One JSON object per failure and per result instead of text'
complete -c mm -n "__fish_mm_using_subcommand index" -l list -d 'Name the folders of the library'
complete -c mm -n "__fish_mm_using_subcommand index" -l delete -d 'Delete the index; photos stay where they are'
complete -c mm -n "__fish_mm_using_subcommand index" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand index" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand index" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand search" -l image -d 'Find photos similar to this picture; words may be given as well' -r -F
complete -c mm -n "__fish_mm_using_subcommand search" -s k -l count -d 'Photos to show at most' -r
complete -c mm -n "__fish_mm_using_subcommand search" -l offset -d 'Photos to leave out before them' -r
complete -c mm -n "__fish_mm_using_subcommand search" -l db -d 'The library\'s database; the app\'s own by default' -r -F
complete -c mm -n "__fish_mm_using_subcommand search" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand search" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand search" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand search" -l json -d 'One JSON object per photo instead of a line'
complete -c mm -n "__fish_mm_using_subcommand search" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand search" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand search" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand bench" -l source -d 'What to watch with `--live`: `replay:PATH`, in an endless loop, or `camera:N`' -r
complete -c mm -n "__fish_mm_using_subcommand bench" -l seconds -d 'How long to measure with `--live`, after the first results' -r
complete -c mm -n "__fish_mm_using_subcommand bench" -l only -d 'Measure one task only, so that memory and cold start are its own' -r -f -a "ocr\t'Reading text'
language\t'Captions, answers and embeddings'"
complete -c mm -n "__fish_mm_using_subcommand bench" -s i -l iterations -d 'Timed runs per picture, after one that is not counted' -r
complete -c mm -n "__fish_mm_using_subcommand bench" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand bench" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand bench" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand bench" -l live -d 'Measure live captions instead: a source at 60 frames per second, 640 x 480 unless `--source` names another'
complete -c mm -n "__fish_mm_using_subcommand bench" -l json -d 'One JSON object instead of a table'
complete -c mm -n "__fish_mm_using_subcommand bench" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mm -n "__fish_mm_using_subcommand bench" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -f -a "list" -d 'Every bundle that can be found'
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -f -a "info" -d 'What a bundle holds'
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -f -a "verify" -d 'Check size and SHA-256 of every file'
complete -c mm -n "__fish_mm_using_subcommand model; and not __fish_seen_subcommand_from list info verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from list" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from list" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from list" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from list" -l json -d 'One JSON object per bundle'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from info" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from info" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from info" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from info" -l json -d 'One JSON object'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from info" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from info" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from verify" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from verify" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from verify" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from verify" -l json -d 'One JSON object'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every bundle that can be found'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "info" -d 'What a bundle holds'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check size and SHA-256 of every file'
complete -c mm -n "__fish_mm_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mm -n "__fish_mm_using_subcommand generate" -l dir -d 'Folder to fill; created if missing' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand generate" -s m -l model -d 'Model bundle: a name to look up or the path of its folder' -r -f -a "(__fish_complete_directories)"
complete -c mm -n "__fish_mm_using_subcommand generate" -s p -l provider -d 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice' -r
complete -c mm -n "__fish_mm_using_subcommand generate" -s t -l threads -d 'Threads per operator; all cores by default' -r
complete -c mm -n "__fish_mm_using_subcommand generate" -s v -l verbose -d 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
complete -c mm -n "__fish_mm_using_subcommand generate" -s h -l help -d 'Print help'
complete -c mm -n "__fish_mm_using_subcommand generate" -s V -l version -d 'Print version'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "caption" -d 'Say in a sentence what each picture shows: files, folders, or `-` for standard input'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "ask" -d 'Answer a question about a picture, or a file full of questions'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "embed" -d 'Turn pictures or texts into vectors that lie close together where they mean the same'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "ocr" -d 'Read the text in pictures: files, folders, or `-` for standard input'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "live" -d 'Say what a camera or a recording shows while it runs: captions of every new scene and the text in view'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "index" -d 'Make folders of photos searchable; photos stay where they are and are only read'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "search" -d 'Find indexed photos by words, by text in them, by date, or by another picture'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "bench" -d 'Measure speed and memory on this machine'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "model" -d 'List, describe and verify model bundles'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "generate" -d 'Write shell completions and man pages to a folder'
complete -c mm -n "__fish_mm_using_subcommand help; and not __fish_seen_subcommand_from caption ask embed ocr live index search bench model generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mm -n "__fish_mm_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "list" -d 'Every bundle that can be found'
complete -c mm -n "__fish_mm_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "info" -d 'What a bundle holds'
complete -c mm -n "__fish_mm_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "verify" -d 'Check size and SHA-256 of every file'
