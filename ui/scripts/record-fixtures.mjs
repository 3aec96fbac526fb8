// Records what the real program says about the repository's redistributable test pictures, for the fixture backend.
// Usage: npm run record            (builds `mm` with cargo)
//        MM=path/to/mm npm run record
// Run it again after a new model; every figure in the file comes from that run.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformWithOxc } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));
const out = fileURLToPath(new URL("../src/lib/backend/fixture/recorded.json", import.meta.url));
const folder = "tests/golden/ocr";
const names = [
    "street-sign.jpg",
    "fire-engine.jpg",
    "rotated-label.jpg",
    "rocket.jpg",
    "receipt.jpg",
    "vertical.jpg",
    "empty.jpg",
    "page.png",
    "two-columns.png",
];

// The suggestions come from the module that the app itself uses.
const source = readFileSync(new URL("../src/lib/captions/questions.ts", import.meta.url), "utf8");
const { code } = await transformWithOxc(source, "questions.ts");
const { suggestQuestions } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

/** Runs `mm` and gives its JSON lines. */
function mm(...args) {
    const [program, first] = process.env.MM
        ? [process.env.MM, []]
        : ["cargo", ["run", "--quiet", "--release", "-p", "mm-cli", "--"]];
    const text = execFileSync(program, [...first, ...args, "--json"], { cwd: root, encoding: "utf8" });
    return text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
}

const round = (value, digits) => Number(value.toFixed(digits));
const quad = (points) => points.map(([x, y]) => [round(x, 1), round(y, 1)]);
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const paths = names.map((name) => `${folder}/${name}`);

const captions = mm("caption", ...paths);
const pages = mm("ocr", ...paths);
const asked = captions.flatMap((line) =>
    [...new Set([...suggestQuestions(line.caption, 4), ...suggestQuestions("", 4)])].map((question) => ({
        image: line.image,
        question,
    })),
);
const work = mkdtempSync(join(tmpdir(), "record-"));
const batch = join(work, "questions.jsonl");
writeFileSync(batch, asked.map((line) => JSON.stringify(line)).join("\n"));
const answers = mm("ask", "--batch", batch);
rmSync(work, { recursive: true });

const scenes = names.map((name, index) => ({
    name,
    width: pages[index].width,
    height: pages[index].height,
    caption: {
        text: sentence(captions[index].caption),
        confidence: round(captions[index].confidence, 4),
        calibrated: captions[index].calibrated,
        ms: round(captions[index].ms.total, 1),
        visionMs: round(captions[index].ms.vision, 1),
    },
    text: {
        ms: round(pages[index].ms.total, 1),
        regions: pages[index].regions.map((region) => ({
            text: region.text,
            quad: quad(region.quad),
            confidence: round(region.confidence, 4),
            words: region.words.map((word) => ({ text: word.text, quad: quad(word.quad) })),
        })),
    },
    answers: answers
        .filter((line) => line.image === paths[index])
        .map((line) => ({
            question: line.question,
            answer: line.answer,
            guess: line.guess ?? null,
            sure: line.sure,
            confidence: round(line.confidence, 4),
            kind: line.kind,
            ms: round(line.ms.total, 1),
        })),
}));
// One scene a line: small, and a new recording shows which scenes changed.
const lines = scenes.map((scene) => JSON.stringify(scene)).join(",\n");
writeFileSync(out, `{"provider":${JSON.stringify(captions[0].provider)},"scenes":[\n${lines}\n]}\n`);
process.stdout.write(`${scenes.length} scenes, ${answers.length} answers\n`);
