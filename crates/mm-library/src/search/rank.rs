//! From a query to its page.

use super::{Embedder, Page, Query};
use crate::{error::Result, store::Store};

pub(super) fn run(_store: &Store, _embedder: &dyn Embedder, _query: &Query<'_>) -> Result<Page> {
    unimplemented!()
}
