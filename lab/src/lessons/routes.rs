//! The HTTP API over the lessons: docs/lab-api.md.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::lesson::Lesson;
use super::runner::{LessonError, LessonRunner, Running};
use super::table;

/// The routes, over this runner.
pub fn routes(runner: LessonRunner) -> Router {
    Router::new()
        .route("/lab/lessons", get(list).delete(stop))
        .route("/lab/lessons/next", post(go_on))
        .route("/lab/lessons/{id}", post(start))
        .with_state(runner)
}

impl IntoResponse for LessonError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.to_string() }));
        (self.status(), body).into_response()
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    lesson: &'static Lesson,
    guide: String,
    lacks: Option<String>,
}

async fn list(State(runner): State<LessonRunner>) -> Json<Value> {
    let lessons = table::lessons().map(|lesson| Shown {
        lesson,
        guide: lesson.guide(),
        lacks: runner.lacks(lesson),
    });
    let lessons: Vec<_> = lessons.collect();
    let (running, trouble) = (runner.running(), runner.trouble());
    Json(json!({ "lessons": lessons, "running": running, "trouble": trouble }))
}

async fn start(
    State(runner): State<LessonRunner>,
    Path(id): Path<String>,
) -> Result<Response, LessonError> {
    let running = runner.start(&id).await?;
    Ok((StatusCode::CREATED, of(Some(&running))).into_response())
}

async fn go_on(State(runner): State<LessonRunner>) -> Result<Json<Value>, LessonError> {
    Ok(of(runner.go_on().await?.as_ref()))
}

async fn stop(State(runner): State<LessonRunner>) -> Json<Value> {
    runner.stop().await;
    of(runner.running().as_ref())
}

fn of(running: Option<&Running>) -> Json<Value> {
    Json(json!({ "running": running }))
}
