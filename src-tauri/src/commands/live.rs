//! The live view.

use std::sync::Arc;

use serde::Deserialize;
use specta::Type;
use tauri::{AppHandle, ipc::Channel};
use tauri_plugin_dialog::DialogExt as _;

use super::{Shared, blocking};
use crate::{
    error::{Reply, ShellError},
    live::Sinks,
    types::{AnswerResult, CameraInfo, LiveEvent, LiveOptions, PreviewFrame, Source},
};

/// Every camera; empty if there is none. Fails with `camera.*`.
#[tauri::command]
#[specta::specta]
pub async fn list_cameras(app: Shared<'_>) -> Reply<Vec<CameraInfo>> {
    blocking(&app, |_| Ok(mm_camera::list_cameras()?.into_iter().map(Into::into).collect())).await
}

/// What can be replayed.
#[derive(Debug, Clone, Copy, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ReplayKind {
    /// Pictures.
    Folder,
    /// A Y4M or Motion-JPEG file.
    Video,
}

/// Asks for something to replay with the system's dialog; `null` if it was cancelled.
#[tauri::command]
#[specta::specta]
pub async fn pick_replay(window: AppHandle, app: Shared<'_>, kind: ReplayKind) -> Reply<Option<String>> {
    blocking(&app, move |_| {
        let dialog = window.dialog().file();
        let picked = match kind {
            ReplayKind::Folder => dialog.blocking_pick_folder(),
            ReplayKind::Video => {
                dialog.add_filter("Y4M, Motion-JPEG", &["y4m", "mjpeg", "mjpg"]).blocking_pick_file()
            }
        };
        Ok(picked.map(|path| path.to_string()))
    })
    .await
}

/// Opens a source in place of what is open. Fails with `camera.*`, `replay.*` or as the model does.
#[tauri::command]
#[specta::specta]
pub async fn start_live(
    app: Shared<'_>,
    source: Source,
    options: LiveOptions,
    events: Channel<LiveEvent>,
    frames: Channel<PreviewFrame>,
) -> Reply<()> {
    blocking(&app, move |app| {
        let gone = |error: tauri::Error| ShellError::Failed { detail: error.to_string() };
        let tell = move |event| {
            // A page that is gone has ended its session, or is about to.
            if let Err(error) = events.send(event) {
                tracing::debug!(%error, "an event was not received");
            }
        };
        for notice in app.start_notices() {
            tell(LiveEvent::Notice { notice: notice.clone() });
        }
        let sinks =
            Sinks { events: Arc::new(tell), frames: Box::new(move |frame| frames.send(frame).map_err(gone)) };
        app.live.start(&app.source(source)?, options, &app.engine, sinks)
    })
    .await
}

/// Ends the live view.
#[tauri::command]
#[specta::specta]
pub async fn stop_live(app: Shared<'_>) -> Reply<()> {
    blocking(&app, |app| {
        app.live.stop();
        Ok(())
    })
    .await
}

/// Changes what is wanted while it runs.
#[tauri::command]
#[specta::specta]
pub async fn configure_live(app: Shared<'_>, options: LiveOptions) -> Reply<()> {
    blocking(&app, |app| {
        app.live.configure(options);
        Ok(())
    })
    .await
}

/// Looks at no further frames, or goes on.
#[tauri::command]
#[specta::specta]
pub async fn pause_live(app: Shared<'_>, paused: bool) -> Reply<()> {
    blocking(&app, move |app| {
        app.live.pause(paused);
        Ok(())
    })
    .await
}

/// Keeps the newest frame, or goes on. Fails with `live.not_running` or `live.no_frame`.
#[tauri::command]
#[specta::specta]
pub async fn freeze_live(app: Shared<'_>, frozen: bool) -> Reply<()> {
    blocking(&app, move |app| app.live.freeze(frozen)).await
}

/// Captions now. Fails with `live.not_running`.
#[tauri::command]
#[specta::specta]
pub async fn caption_now(app: Shared<'_>) -> Reply<()> {
    blocking(&app, |app| app.live.caption_now()).await
}

/// Answers a question about the frozen or newest frame. Fails with `live.*`, `question.*`, or `task.cancelled` when a
/// newer question came.
#[tauri::command]
#[specta::specta]
pub async fn ask_live(app: Shared<'_>, question: String) -> Reply<AnswerResult> {
    blocking(&app, |app| app.live.ask(question)).await
}

/// Says that a preview was received, so that the next may come.
#[tauri::command]
#[specta::specta]
pub async fn preview_received(app: Shared<'_>) -> Reply<()> {
    app.live.preview_received();
    Ok(())
}
