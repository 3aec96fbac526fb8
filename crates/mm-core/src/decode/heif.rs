//! HEIC through `heifer`, after a walk over the container that bounds what the file can make it do.
//!
//! A HEIC file is a small database: items refer to items, and each names byte ranges that may overlap. Without
//! the walk, a few kilobytes could ask for the same large picture thousands of times.

use heifer::heifer_hevc_dec::nal::{NalHeader, NalUnit, NalUnitType, split_annex_b};
use heifer::heifer_hevc_dec::params::Sps;
use heifer::heifer_isobmff::boxes::Property;
use heifer::heifer_isobmff::{BoxIter, HeifFile, ItemId};
use image::{DynamicImage, RgbImage, RgbaImage};

use super::{Format, Limits, corrupt, raster, unsupported};
use crate::{Error, Result};

/// The item database. Phones write 4-60 KB (a 200-megapixel grid has some 800 tiles); reading it takes time
/// quadratic in the number of items.
const MAX_META_BYTES: usize = 256 << 10;
/// Derived items (`iden` around a `grid` around tiles) nest at most this deep in files seen.
const MAX_DEPTH: u32 = 4;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    check_meta(bytes)?;
    let file = HeifFile::parse(bytes).map_err(|e| corrupt(Format::Heic, e))?;
    let max_coded_bytes = bytes.len() as u64 * 2;
    let mut plan = Plan { file: &file, limits, max_coded_bytes, coded_bytes: 0, coded_pixels: 0, largest: 0 };
    let canvas = plan.visit(file.primary_id, 0)?;

    // RGBA and its turned copy, and for each picture being decoded 16-bit planes and the block data: 8 bytes
    // per pixel covers 4:4:4. More threads only as far as the memory goes.
    let whole = canvas.saturating_mul(8);
    let each = plan.largest.saturating_mul(8);
    limits.check_memory(whole.saturating_add(each))?;
    let affordable = (limits.max_decoder_bytes - whole) / each.max(1);
    let options = heifer::Options {
        max_threads: affordable.clamp(1, 4) as usize,
        max_pixels: canvas.max(plan.largest),
    };
    let image = heifer::decode_rgba8(bytes, &options).map_err(error)?;
    limits.check_size(Format::Heic.name(), image.width, image.height)?;
    let rgba = RgbaImage::from_raw(image.width, image.height, image.data)
        .ok_or_else(|| corrupt(Format::Heic, "the pixels do not fill the picture"))?;
    Ok(raster::flatten(DynamicImage::ImageRgba8(rgba)))
}

/// What decoding the primary image will touch.
struct Plan<'a> {
    file: &'a HeifFile<'a>,
    limits: &'a Limits,
    /// Pixels of all coded pictures, each counted as often as it is used.
    coded_pixels: u64,
    /// Bytes of their bitstreams, counted the same way, and their limit: parameter sets repeat, pixels do not.
    coded_bytes: u64,
    max_coded_bytes: u64,
    /// Pixels of the largest coded picture.
    largest: u64,
}

impl Plan<'_> {
    /// Adds an item and what it is made of; returns its pixels.
    fn visit(&mut self, id: ItemId, depth: u32) -> Result<u64> {
        if depth > MAX_DEPTH {
            return Err(corrupt(Format::Heic, "its images are nested too deeply"));
        }
        let wrap = |e| corrupt(Format::Heic, e);
        let kind = self.file.item(id).map_err(wrap)?.item_type;
        let inputs = self.file.referenced_items(id, b"dimg");
        let pixels = match &kind.0 {
            b"hvc1" => self.visit_coded(id)?,
            b"grid" => {
                let grid = self.file.grid(id).map_err(wrap)?;
                let pixels = self.check_size(grid.output_width, grid.output_height)?;
                for &tile in inputs {
                    self.visit(tile, depth + 1)?;
                    // Tiles, and as many of alpha, cover the canvas once and reach over it by part of a tile.
                    if self.coded_pixels > pixels * 4 + (1 << 21) || self.coded_bytes > self.max_coded_bytes {
                        return Err(corrupt(Format::Heic, "its tiles add up to more than the picture"));
                    }
                }
                pixels
            }
            b"iden" => match inputs {
                &[source] => self.visit(source, depth + 1)?,
                _ => return Err(corrupt(Format::Heic, "a derived image without exactly one source")),
            },
            b"iovl" => return Err(unsupported(Format::Heic, "several overlaid pictures; save it as JPEG")),
            b"av01" => return Err(unsupported(Format::Heic, "AV1 coding (AVIF); save it as JPEG")),
            other => {
                let name = String::from_utf8_lossy(other);
                return Err(unsupported(Format::Heic, format_args!("`{name}` coding; save it as JPEG")));
            }
        };
        for aux in self.file.referencing_items(id, b"auxl") {
            if self.is_alpha(aux)? {
                self.visit(aux, depth + 1)?;
                break;
            }
        }
        Ok(pixels)
    }

    /// One HEVC picture. The container states a size (`ispe`) and so does the bitstream; the second is what gets
    /// allocated, so it may exceed the first only by the padding to whole blocks.
    fn visit_coded(&mut self, id: ItemId) -> Result<u64> {
        const BLOCK: u64 = 64;
        let wrap = |e| corrupt(Format::Heic, e);
        let Some((width, height)) = self.file.image_size(id).map_err(wrap)? else {
            return Err(corrupt(Format::Heic, "a picture without a size"));
        };
        let pixels = self.check_size(width, height)?;
        let padded = u64::from(width).next_multiple_of(BLOCK) * u64::from(height).next_multiple_of(BLOCK);
        let stream = self.file.hevc_bitstream(id).map_err(wrap)?;
        for nal in split_annex_b(&stream) {
            let header = NalHeader::parse(nal).map_err(|e| corrupt(Format::Heic, e))?;
            if header.unit_type != NalUnitType::Sps {
                continue;
            }
            let nal = NalUnit::parse(nal).map_err(|e| corrupt(Format::Heic, e))?;
            let sps = Sps::parse(&nal.rbsp).map_err(|e| corrupt(Format::Heic, e))?;
            let coded = u64::from(sps.pic_width_in_luma_samples) * u64::from(sps.pic_height_in_luma_samples);
            if coded > padded {
                return Err(corrupt(Format::Heic, "a picture is larger than the file says"));
            }
        }
        self.coded_pixels = self.coded_pixels.saturating_add(padded);
        self.coded_bytes = self.coded_bytes.saturating_add(stream.len() as u64);
        self.largest = self.largest.max(padded);
        Ok(pixels)
    }

    fn check_size(&self, width: u32, height: u32) -> Result<u64> {
        self.limits.check_size(Format::Heic.name(), width, height)?;
        Ok(u64::from(width) * u64::from(height))
    }

    /// Whether an auxiliary picture is the alpha channel (and not a depth or gain map, which nothing decodes).
    fn is_alpha(&self, id: ItemId) -> Result<bool> {
        let mut properties = self.file.item_properties(id).map_err(|e| corrupt(Format::Heic, e))?;
        Ok(properties.any(|p| {
            matches!(p, Property::AuxiliaryType(t) if t == "urn:mpeg:hevc:2015:auxid:1" || t.ends_with(":alpha"))
        }))
    }
}

/// Refuses an item database that no camera writes, before it is parsed.
fn check_meta(bytes: &[u8]) -> Result<()> {
    for found in BoxIter::new(bytes) {
        let found = found.map_err(|e| corrupt(Format::Heic, e))?;
        if &found.header.box_type.0 == b"meta" && found.content.len() > MAX_META_BYTES {
            return Err(corrupt(Format::Heic, "its table of contents is too long"));
        }
    }
    Ok(())
}

fn error(error: heifer::Error) -> Error {
    use heifer::heifer_hevc_dec::Error as Hevc;
    match error {
        heifer::Error::Unsupported(detail) => unsupported(Format::Heic, detail),
        heifer::Error::Hevc(Hevc::Unimplemented(detail)) => unsupported(Format::Heic, detail),
        other => corrupt(Format::Heic, other),
    }
}
