"""How the clients of each language are made ready, and how one of them is run."""

import os
import shutil
import subprocess
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent
ROOT = CLIENTS.parent.parent
PROTO = ROOT / "proto"
WORK = ROOT / "target" / "clients"


class Missing(Exception):
    """The toolchain is not on this machine."""


def need(program, hint):
    if shutil.which(program) is None:
        raise Missing(f"{program} is not here ({hint})")


def sh(*command, cwd=None, env=None):
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}:\n{done.stdout}")
    return done.stdout


class Language:
    """A language: its folder's name, what its rows are called, which exercises it has clients for."""

    exercises = ("desafio1", "hello", "sockets", "grpc", "chat")

    def prepare(self):
        """Makes the clients ready to run; raises Missing where the language is not here."""

    def command(self, exercise):
        """The command of a client, to which its arguments are appended."""

    def versions(self):
        """The language and its libraries, as they are: for the table."""


class Python(Language):
    name = "python"

    def prepare(self):
        need("python3", "apt-get install python3-venv")
        self.folder = WORK / "python"
        wanted, have = CLIENTS / "python/requirements.txt", self.folder / "requirements.txt"
        if not have.exists() or have.read_text() != wanted.read_text():
            sh("python3", "-m", "venv", "--clear", self.folder)
            pip = self.folder / "bin/pip"
            sh(pip, "install", "--quiet", "--disable-pip-version-check", "-r", wanted)
            shutil.copy(wanted, have)  # last, so that it says that all is there
        stubs = self.folder / "stubs"
        stubs.mkdir(exist_ok=True)
        sh(
            self.folder / "bin/python", "-m", "grpc_tools.protoc", "-I", PROTO,
            f"--python_out={stubs}", f"--grpc_python_out={stubs}", PROTO / "usuarios/v1/usuarios.proto",
        )

    def command(self, exercise):
        file = {"grpc": "grpc_users.py"}.get(exercise, exercise + ".py")
        stubs = f"PYTHONPATH={self.folder / 'stubs'}"
        return ["env", stubs, self.folder / "bin/python", CLIENTS / "python" / file]

    def versions(self):
        listed = (CLIENTS / "python/requirements.txt").read_text().split()
        libraries = [each.replace("==", " ") for each in listed if "tools" not in each]
        return sh("python3", "--version").strip(), dict(grpc=libraries[0], chat=libraries[1])


class Node(Language):
    name = "node"

    def prepare(self):
        need("node", "Node 20 or newer")
        need("npm", "comes with Node")
        self.folder = WORK / "node"
        shutil.copytree(CLIENTS / "node", self.folder, dirs_exist_ok=True)
        sh("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=self.folder)

    def command(self, exercise):
        file = {"grpc": "grpc_users.js"}.get(exercise, exercise + ".js")
        return ["node", self.folder / file]

    def versions(self):
        import json

        packages = json.loads((CLIENTS / "node/package.json").read_text())["dependencies"]
        grpc = f"@grpc/grpc-js {packages['@grpc/grpc-js']}"
        return "Node " + sh("node", "--version").strip().lstrip("v"), dict(grpc=grpc, chat=f"ws {packages['ws']}")


class Go(Language):
    name = "go"
    generators = (
        "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12",
        "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2",
    )

    def prepare(self):
        need("go", "Go 1.26")
        python = Python()  # whose grpcio-tools have the compiler of .proto files
        python.prepare()
        self.folder, tools = WORK / "go", WORK / "go-tools"
        shutil.copytree(CLIENTS / "go", self.folder, dirs_exist_ok=True)
        env = dict(os.environ, GOBIN=str(tools))
        plugins = []
        for generator in self.generators:
            program = generator.split("@")[0].rsplit("/", 1)[1]
            if not (tools / program).exists():
                sh("go", "install", generator, env=env)
            plugins.append(f"--plugin={program}={tools / program}")
        file, package = "usuarios/v1/usuarios.proto", "malha.example/clients/usuarios/v1"
        options = f"paths=source_relative,M{file}={package}"
        sh(
            python.folder / "bin/python", "-m", "grpc_tools.protoc", "-I", PROTO, *plugins,
            f"--go_out={options}:{self.folder}", f"--go-grpc_out={options}:{self.folder}", PROTO / file,
        )
        sh("go", "build", "-o", "bin/", "./...", cwd=self.folder)

    def command(self, exercise):
        return [self.folder / "bin" / {"grpc": "grpc_users"}.get(exercise, exercise)]

    def versions(self):
        lines = (CLIENTS / "go/go.mod").read_text().split("\n")
        of = lambda path: next(line.split()[1].lstrip("v") for line in lines if path in line)
        return "Go " + sh("go", "version").split()[2].removeprefix("go"), dict(
            grpc=f"grpc-go {of('google.golang.org/grpc ')}", chat=f"coder/websocket {of('coder/websocket')}")


class Java(Language):
    name = "java"
    exercises = ("desafio1", "hello", "sockets", "chat")

    def prepare(self):
        need("javac", "a JDK, 17 or newer")
        self.folder = WORK / "java"
        sources = sorted((CLIENTS / "java").glob("*.java"))
        sh("javac", "-d", self.folder, *sources)

    def command(self, exercise):
        return ["java", "-Dstdout.encoding=UTF-8", "-Dfile.encoding=UTF-8", "-cp", self.folder, exercise.capitalize()]

    def versions(self):
        return "Java " + sh("javac", "-version").split()[1], {}


class C(Language):
    name = "c"
    exercises = ("hello", "sockets")

    def prepare(self):
        need("cc", "apt-get install gcc libc6-dev")
        self.folder = WORK / "c"
        self.folder.mkdir(parents=True, exist_ok=True)
        for exercise in self.exercises:
            source = CLIENTS / "c" / f"{exercise}.c"
            sh("cc", "-O1", "-Wall", "-Wextra", "-o", self.folder / exercise, source)

    def command(self, exercise):
        return [self.folder / exercise]

    def versions(self):
        return "C (" + " ".join(sh("cc", "--version").split("\n")[0].split()[:1]) + ")", {}


ALL = [Python(), Node(), Go(), Java(), C()]
