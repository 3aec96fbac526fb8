
use builtin;
use str;

set edit:completion:arg-completer[mm] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'mm'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'mm'= {
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand caption 'Say in a sentence what each picture shows: files, folders, or `-` for standard input'
            cand ask 'Answer a question about a picture, or a file full of questions'
            cand embed 'Turn pictures or texts into vectors that lie close together where they mean the same'
            cand ocr 'Read the text in pictures: files, folders, or `-` for standard input'
            cand live 'Say what a camera or a recording shows while it runs: captions of every new scene and the text in view'
            cand index 'Make folders of photos searchable; photos stay where they are and are only read'
            cand search 'Find indexed photos by words, by text in them, by date, or by another picture'
            cand bench 'Measure speed and memory on this machine'
            cand model 'List, describe and verify model bundles'
            cand generate 'Write shell completions and man pages to a folder'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mm;caption'= {
            cand --beams 'Sentences weighed against each other, 1 (fastest) to 16; the bundle''s own setting by default'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --json 'One JSON object per picture instead of a sentence'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;ask'= {
            cand --batch 'Questions about many pictures: a file with one JSON object `{"image": PATH, "question": TEXT}` per line, or `-`. Paths are taken from the current folder'
            cand --unsure-below 'Say "not sure" when the confidence is below this, 0 to 1; the bundle''s own setting by default'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --json 'One JSON object per question instead of a sentence'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;embed'= {
            cand --text 'Texts instead of pictures'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --json 'One JSON object per picture or text. Without it the cosine of every pair is shown'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;ocr'= {
            cand --overlay 'Write a copy of the picture with boxes and words drawn on it (a single picture only)'
            cand --max-side 'Longest side of the detector''s input in pixels. Larger finds smaller text and takes longer'
            cand --min-confidence 'Drop lines whose confidence is below this, 0 to 1'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --json 'One JSON object per picture instead of plain text'
            cand --crop 'Each picture is one upright line of text already cut out: skip detection'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;live'= {
            cand --source 'What to watch: `camera:N`, `camera:NAME`, or `replay:PATH` with a folder of pictures, a .y4m video or a Motion-JPEG stream'
            cand --frames 'End after this many frames'
            cand --pace 'How fast a recording is replayed'
            cand --fps 'Frames per second to replay at, or to ask the camera for. A folder replayed at a rate shows each picture for one frame; without one, for three seconds'
            cand --size 'Size to ask the camera for, such as 1280x720; the nearest it has is used'
            cand --only 'Only one of the two results'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --list-cameras 'Name the cameras of this machine and end'
            cand --json 'One JSON object per event instead of text'
            cand --repeat 'Start the recording again at its end'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;index'= {
            cand --db 'The library''s database; the app''s own by default'
            cand --forget 'Forget a folder; its photos stay where they are'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --watch 'Go on and index what changes in the folders, until Ctrl-C'
            cand --full-speed 'Do not slow down on battery or when the device gets warm'
            cand --json 'One JSON object per failure and per result instead of text'
            cand --list 'Name the folders of the library'
            cand --delete 'Delete the index; photos stay where they are'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;search'= {
            cand --image 'Find photos similar to this picture; words may be given as well'
            cand -k 'Photos to show at most'
            cand --count 'Photos to show at most'
            cand --offset 'Photos to leave out before them'
            cand --db 'The library''s database; the app''s own by default'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --json 'One JSON object per photo instead of a line'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;bench'= {
            cand --source 'What to watch with `--live`: `replay:PATH`, in an endless loop, or `camera:N`'
            cand --seconds 'How long to measure with `--live`, after the first results'
            cand --only 'Measure one task only, so that memory and cold start are its own'
            cand -i 'Timed runs per picture, after one that is not counted'
            cand --iterations 'Timed runs per picture, after one that is not counted'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --live 'Measure live captions instead: a source at 60 frames per second, 640 x 480 unless `--source` names another'
            cand --json 'One JSON object instead of a table'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;model'= {
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand list 'Every bundle that can be found'
            cand info 'What a bundle holds'
            cand verify 'Check size and SHA-256 of every file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mm;model;list'= {
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --json 'One JSON object per bundle'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;model;info'= {
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --json 'One JSON object'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;model;verify'= {
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand --json 'One JSON object'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;model;help'= {
            cand list 'Every bundle that can be found'
            cand info 'What a bundle holds'
            cand verify 'Check size and SHA-256 of every file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mm;model;help;list'= {
        }
        &'mm;model;help;info'= {
        }
        &'mm;model;help;verify'= {
        }
        &'mm;model;help;help'= {
        }
        &'mm;generate'= {
            cand --dir 'Folder to fill; created if missing'
            cand -m 'Model bundle: a name to look up or the path of its folder'
            cand --model 'Model bundle: a name to look up or the path of its folder'
            cand -p 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand --provider 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice'
            cand -t 'Threads per operator; all cores by default'
            cand --threads 'Threads per operator; all cores by default'
            cand -v 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand --verbose 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'mm;help'= {
            cand caption 'Say in a sentence what each picture shows: files, folders, or `-` for standard input'
            cand ask 'Answer a question about a picture, or a file full of questions'
            cand embed 'Turn pictures or texts into vectors that lie close together where they mean the same'
            cand ocr 'Read the text in pictures: files, folders, or `-` for standard input'
            cand live 'Say what a camera or a recording shows while it runs: captions of every new scene and the text in view'
            cand index 'Make folders of photos searchable; photos stay where they are and are only read'
            cand search 'Find indexed photos by words, by text in them, by date, or by another picture'
            cand bench 'Measure speed and memory on this machine'
            cand model 'List, describe and verify model bundles'
            cand generate 'Write shell completions and man pages to a folder'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mm;help;caption'= {
        }
        &'mm;help;ask'= {
        }
        &'mm;help;embed'= {
        }
        &'mm;help;ocr'= {
        }
        &'mm;help;live'= {
        }
        &'mm;help;index'= {
        }
        &'mm;help;search'= {
        }
        &'mm;help;bench'= {
        }
        &'mm;help;model'= {
            cand list 'Every bundle that can be found'
            cand info 'What a bundle holds'
            cand verify 'Check size and SHA-256 of every file'
        }
        &'mm;help;model;list'= {
        }
        &'mm;help;model;info'= {
        }
        &'mm;help;model;verify'= {
        }
        &'mm;help;generate'= {
        }
        &'mm;help;help'= {
        }
    ]
    $completions[$command]
}
