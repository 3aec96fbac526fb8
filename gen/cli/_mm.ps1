
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'mm' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'mm'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'mm' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('caption', 'caption', [CompletionResultType]::ParameterValue, 'Say in a sentence what each picture shows: files, folders, or `-` for standard input')
            [CompletionResult]::new('ask', 'ask', [CompletionResultType]::ParameterValue, 'Answer a question about a picture, or a file full of questions')
            [CompletionResult]::new('embed', 'embed', [CompletionResultType]::ParameterValue, 'Turn pictures or texts into vectors that lie close together where they mean the same')
            [CompletionResult]::new('ocr', 'ocr', [CompletionResultType]::ParameterValue, 'Read the text in pictures: files, folders, or `-` for standard input')
            [CompletionResult]::new('live', 'live', [CompletionResultType]::ParameterValue, 'Say what a camera or a recording shows while it runs: captions of every new scene and the text in view')
            [CompletionResult]::new('index', 'index', [CompletionResultType]::ParameterValue, 'Make folders of photos searchable; photos stay where they are and are only read')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find indexed photos by words, by text in them, by date, or by another picture')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure speed and memory on this machine')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'List, describe and verify model bundles')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write shell completions and man pages to a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mm;caption' {
            [CompletionResult]::new('--beams', '--beams', [CompletionResultType]::ParameterName, 'Sentences weighed against each other, 1 (fastest) to 16; the bundle''s own setting by default')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object per picture instead of a sentence')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;ask' {
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Questions about many pictures: a file with one JSON object `{"image": PATH, "question": TEXT}` per line, or `-`. Paths are taken from the current folder')
            [CompletionResult]::new('--unsure-below', '--unsure-below', [CompletionResultType]::ParameterName, 'Say "not sure" when the confidence is below this, 0 to 1; the bundle''s own setting by default')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object per question instead of a sentence')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;embed' {
            [CompletionResult]::new('--text', '--text', [CompletionResultType]::ParameterName, 'Texts instead of pictures')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object per picture or text. Without it the cosine of every pair is shown')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;ocr' {
            [CompletionResult]::new('--overlay', '--overlay', [CompletionResultType]::ParameterName, 'Write a copy of the picture with boxes and words drawn on it (a single picture only)')
            [CompletionResult]::new('--max-side', '--max-side', [CompletionResultType]::ParameterName, 'Longest side of the detector''s input in pixels. Larger finds smaller text and takes longer')
            [CompletionResult]::new('--min-confidence', '--min-confidence', [CompletionResultType]::ParameterName, 'Drop lines whose confidence is below this, 0 to 1')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object per picture instead of plain text')
            [CompletionResult]::new('--crop', '--crop', [CompletionResultType]::ParameterName, 'Each picture is one upright line of text already cut out: skip detection')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;live' {
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to watch: `camera:N`, `camera:NAME`, or `replay:PATH` with a folder of pictures, a .y4m video or a Motion-JPEG stream')
            [CompletionResult]::new('--frames', '--frames', [CompletionResultType]::ParameterName, 'End after this many frames')
            [CompletionResult]::new('--pace', '--pace', [CompletionResultType]::ParameterName, 'How fast a recording is replayed')
            [CompletionResult]::new('--fps', '--fps', [CompletionResultType]::ParameterName, 'Frames per second to replay at, or to ask the camera for. A folder replayed at a rate shows each picture for one frame; without one, for three seconds')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Size to ask the camera for, such as 1280x720; the nearest it has is used')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only one of the two results')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--list-cameras', '--list-cameras', [CompletionResultType]::ParameterName, 'Name the cameras of this machine and end')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object per event instead of text')
            [CompletionResult]::new('--repeat', '--repeat', [CompletionResultType]::ParameterName, 'Start the recording again at its end')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;index' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The library''s database; the app''s own by default')
            [CompletionResult]::new('--forget', '--forget', [CompletionResultType]::ParameterName, 'Forget a folder; its photos stay where they are')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Go on and index what changes in the folders, until Ctrl-C')
            [CompletionResult]::new('--full-speed', '--full-speed', [CompletionResultType]::ParameterName, 'Do not slow down on battery or when the device gets warm')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object per failure and per result instead of text')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'Name the folders of the library')
            [CompletionResult]::new('--delete', '--delete', [CompletionResultType]::ParameterName, 'Delete the index; photos stay where they are')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;search' {
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'Find photos similar to this picture; words may be given as well')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Photos to show at most')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Photos to show at most')
            [CompletionResult]::new('--offset', '--offset', [CompletionResultType]::ParameterName, 'Photos to leave out before them')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The library''s database; the app''s own by default')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object per photo instead of a line')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;bench' {
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What to watch with `--live`: `replay:PATH`, in an endless loop, or `camera:N`')
            [CompletionResult]::new('--seconds', '--seconds', [CompletionResultType]::ParameterName, 'How long to measure with `--live`, after the first results')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Measure one task only, so that memory and cold start are its own')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Timed runs per picture, after one that is not counted')
            [CompletionResult]::new('--iterations', '--iterations', [CompletionResultType]::ParameterName, 'Timed runs per picture, after one that is not counted')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Measure live captions instead: a source at 60 frames per second, 640 x 480 unless `--source` names another')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object instead of a table')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;model' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Every bundle that can be found')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'What a bundle holds')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check size and SHA-256 of every file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mm;model;list' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object per bundle')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;model;info' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;model;verify' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;model;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Every bundle that can be found')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'What a bundle holds')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check size and SHA-256 of every file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mm;model;help;list' {
            break
        }
        'mm;model;help;info' {
            break
        }
        'mm;model;help;verify' {
            break
        }
        'mm;model;help;help' {
            break
        }
        'mm;generate' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Folder to fill; created if missing')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model bundle: a name to look up or the path of its folder')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per operator; all cores by default')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'mm;help' {
            [CompletionResult]::new('caption', 'caption', [CompletionResultType]::ParameterValue, 'Say in a sentence what each picture shows: files, folders, or `-` for standard input')
            [CompletionResult]::new('ask', 'ask', [CompletionResultType]::ParameterValue, 'Answer a question about a picture, or a file full of questions')
            [CompletionResult]::new('embed', 'embed', [CompletionResultType]::ParameterValue, 'Turn pictures or texts into vectors that lie close together where they mean the same')
            [CompletionResult]::new('ocr', 'ocr', [CompletionResultType]::ParameterValue, 'Read the text in pictures: files, folders, or `-` for standard input')
            [CompletionResult]::new('live', 'live', [CompletionResultType]::ParameterValue, 'Say what a camera or a recording shows while it runs: captions of every new scene and the text in view')
            [CompletionResult]::new('index', 'index', [CompletionResultType]::ParameterValue, 'Make folders of photos searchable; photos stay where they are and are only read')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find indexed photos by words, by text in them, by date, or by another picture')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure speed and memory on this machine')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'List, describe and verify model bundles')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write shell completions and man pages to a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mm;help;caption' {
            break
        }
        'mm;help;ask' {
            break
        }
        'mm;help;embed' {
            break
        }
        'mm;help;ocr' {
            break
        }
        'mm;help;live' {
            break
        }
        'mm;help;index' {
            break
        }
        'mm;help;search' {
            break
        }
        'mm;help;bench' {
            break
        }
        'mm;help;model' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Every bundle that can be found')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'What a bundle holds')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check size and SHA-256 of every file')
            break
        }
        'mm;help;model;list' {
            break
        }
        'mm;help;model;info' {
            break
        }
        'mm;help;model;verify' {
            break
        }
        'mm;help;generate' {
            break
        }
        'mm;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
