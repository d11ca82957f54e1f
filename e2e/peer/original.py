"""A service of the original's shape: FastAPI, a list of WebSockets, and each text relayed to the one
peer by httpx. What a peer that is away does not take is lost, as it was."""

import os

import httpx
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel

SERVICE_NAME = os.environ["SERVICE_NAME"]
PEER_URL = os.environ["PEER_URL"]

app = FastAPI(title=SERVICE_NAME)


class Relayed(BaseModel):
    message: str


class ConnectionManager:
    def __init__(self):
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket):
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket):
        self.active_connections.remove(websocket)

    async def broadcast(self, message: str, sender: WebSocket | None = None):
        for connection in self.active_connections:
            if connection is not sender:
                await connection.send_text(message)


manager = ConnectionManager()


async def relay(message: str):
    async with httpx.AsyncClient() as client:
        try:
            answer = await client.post(PEER_URL, json={"message": message})
            assert answer.json() == {"status": "ok"}, answer.text
        except httpx.HTTPError as error:
            print(f"{SERVICE_NAME}: not relayed: {error}")


async def tell(message: str, sender: WebSocket | None = None):
    await manager.broadcast(message, sender)
    await relay(message)


@app.post("/relay")
async def take(relayed: Relayed):
    await manager.broadcast(relayed.message)
    return {"status": "ok"}


@app.websocket("/ws/{client_id}")
async def endpoint(websocket: WebSocket, client_id: int):
    await manager.connect(websocket)
    await tell(f"Client #{client_id} joined the chat")
    try:
        while True:
            data = await websocket.receive_text()
            await tell(f"Client #{client_id}: {data}", websocket)
    except WebSocketDisconnect:
        manager.disconnect(websocket)
        await tell(f"Client #{client_id} left the chat")
