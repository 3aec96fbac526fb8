//! How well photos are found by their captions: the whole search beside the embeddings alone.
//!
//! ```sh
//! cargo run --release -p mm-library --example retrieval -- --db library.sqlite --queries captions.tsv [--model PATH]
//! ```
//!
//! The file has a line per query: the photo's file name (or the end of its path), a tab, and a caption of it. Printed
//! are the shares of queries whose photo is among the first 1, 5 and 10 (R@1, R@5, R@10): by `search()`, by the
//! cosine of the stored int8 embeddings, and by that of embeddings made anew from the files, in 32 bits.

use std::{
    collections::HashMap,
    error::Error,
    fs,
    io::{Write, stdout},
    path::PathBuf,
};

use mm_core::{
    decode::{self, Limits},
    model::{DEFAULT_BUNDLE, Model, ModelOptions},
    tasks::embed::Embedding,
};
use mm_library::{
    search::{Query, search, today},
    store::{ContentId, Store},
};

/// The ranks that are counted.
const AT: [usize; 3] = [1, 5, 10];

#[derive(Default)]
struct Recall {
    found: [usize; 3],
    queries: usize,
}

impl Recall {
    /// `rank`: photos that come before the right one; `None` if it is no hit.
    fn count(&mut self, rank: Option<usize>) {
        self.queries += 1;
        for (found, at) in self.found.iter_mut().zip(AT) {
            *found += usize::from(rank.is_some_and(|rank| rank < at));
        }
    }

    fn line(&self, name: &str) -> String {
        let share = |found: usize| 100.0 * found as f64 / self.queries.max(1) as f64;
        let [one, five, ten] = self.found.map(share);
        format!("{name:<24} R@1 {one:5.2}  R@5 {five:5.2}  R@10 {ten:5.2}  ({} queries)", self.queries)
    }
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// Every photo of the library, by the end of its path.
fn photos(store: &Store) -> Result<Vec<(PathBuf, ContentId)>, Box<dyn Error>> {
    let mut all = Vec::new();
    for folder in store.folders()? {
        let files = store.files_of(folder.id)?;
        all.extend(
            files.into_iter().filter_map(|f| f.content.map(|content| (folder.path.join(&f.path), content))),
        );
    }
    Ok(all)
}

fn rank(all: &[(ContentId, Embedding)], query: &Embedding, right: ContentId) -> Option<usize> {
    let cosines: Vec<(ContentId, f32)> = all.iter().map(|(id, e)| (*id, e.similarity(query))).collect();
    let own = cosines.iter().find(|(id, _)| *id == right)?.1;
    Some(cosines.iter().filter(|(_, cosine)| *cosine > own).count())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (Some(database), Some(queries)) = (argument("--db"), argument("--queries")) else {
        return Err("give --db FILE and --queries FILE.tsv".into());
    };
    let model = Model::from_pretrained(
        &argument("--model").unwrap_or(DEFAULT_BUNDLE.to_owned()),
        &ModelOptions::default(),
    )?;
    let store = Store::open(database.as_ref())?.store;
    let photos = photos(&store)?;
    let mut by_name = HashMap::new();
    let (mut stored, mut fresh) = (Vec::new(), Vec::new());
    for (path, content) in &photos {
        by_name.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), *content);
        stored.extend(store.embedding(*content)?.map(|embedding| (*content, embedding)));
        fresh.push((*content, model.embed_image(&decode::read_file(path, &Limits::default())?)?));
    }
    let mut recalls: [Recall; 3] = Default::default();
    let today = today();
    for line in fs::read_to_string(queries)?.lines() {
        let Some((path, caption)) = line.split_once('\t') else { continue };
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let right = *by_name.get(name).ok_or_else(|| format!("{name} is not in the library"))?;
        let query = Query { text: caption, like: None, offset: 0, limit: AT[2], today };
        let page = search(&store, &model, &query)?;
        recalls[0].count(page.hits.iter().position(|hit| hit.content == right));
        let embedding = model.embed_text(caption)?;
        recalls[1].count(rank(&stored, &embedding, right));
        recalls[2].count(rank(&fresh, &embedding, right));
    }
    for (recall, name) in recalls.iter().zip(["search", "embeddings, int8", "embeddings, float"]) {
        writeln!(stdout(), "{}", recall.line(name))?;
    }
    Ok(())
}
