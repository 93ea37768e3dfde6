#!/usr/bin/env python3
"""Deploys the same git repository to six servers with capr, Capistrano 3 and Capistrano 2 by turns, and tells how long each takes.

usage: tests/adoption/timing.py ROUNDS MILLISECONDS NAME=COMMAND...
       for example  tests/adoption/timing.py 5 50 capr=target/release/capr cap3=cap 'cap2=ruby -I lib bin/cap'
All ratios are to the first client, each within one round. Clients whose names begin with capr deploy the same application, so options of
capr can be compared: capr=CAPR 'capr-none=CAPR -S journal=false'.
Needs a fleet of six (scripts/fleet up), and what it calls; nothing of it is part of the tests. Each connection goes by a proxy that holds all
that is sent for half the milliseconds and counts how often the client has sent something and then waited for an answer: the round trips
of the server that has most of them. The processor's load is told, since only ratios of one call can be compared.
"""
import collections, os, pathlib, shlex, socket, statistics, subprocess, sys, tempfile, threading, time

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
FLEET = CHECKOUT / "target/debug/examples/fleet"
NAMES = ["www1", "www2", "app1", "app2", "db1", "db2"]
PORT = 2222
LIMIT = 180


class Proxy:
    """Listens for one server; `turns` has the round trips of each connection of the run."""

    def __init__(self, address, to, delay):
        self.to, self.delay, self.turns = to, delay, []
        self.listener = socket.create_server((address, PORT), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection((self.to, PORT))
            for end in client, server:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            state = {"last": None, "turns": 0}
            self.turns.append(state)
            for source, sink, side in (client, server, "client"), (server, client, "server"):
                queue, ready = collections.deque(), threading.Semaphore(0)
                threading.Thread(target=self.read, args=(source, queue, ready, side, state), daemon=True).start()
                threading.Thread(target=self.write, args=(sink, queue, ready), daemon=True).start()

    def read(self, source, queue, ready, side, state):
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            if side == "server" and state["last"] == "client":
                state["turns"] += 1
            state["last"] = side
            queue.append((time.monotonic() + self.delay, data))
            ready.release()
            if not data:
                return

    def write(self, sink, queue, ready):
        while True:
            ready.acquire()
            due, data = queue.popleft()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
            except OSError:
                return


def fleet(*words):
    return subprocess.run([FLEET, *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=60).stdout


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def recipes(work, repository):
    write(work / "capr/Caprfile", f"""
set :application, "timed-capr"; set :repository, "{repository}"; set :branch, "main"; set :restart_via, :none; set :dialect, 2;
role :web, "www1", "www2"; role :app, "app1", "app2"; role :db, "db1", :primary => true; role :db, "db2";
""")
    write(work / "cap2/Capfile", f"""
load "deploy"
set :application, "timed-cap2"
set :repository, "{repository}"
set :scm, :git
set :branch, "main"
set :use_sudo, false
set :user, "deploy"
set :normalize_asset_timestamps, false
role :web, "www1:{PORT}", "www2:{PORT}"
role :app, "app1:{PORT}", "app2:{PORT}"
role :db, "db1:{PORT}", :primary => true
role :db, "db2:{PORT}"
namespace :deploy do
  task :restart, :roles => :app do
  end
end
""")
    write(work / "cap3/Capfile", """
require "capistrano/setup"
require "capistrano/deploy"
require "capistrano/scm/git"
install_plugin Capistrano::SCM::Git
""")
    write(work / "cap3/config/deploy.rb", f"""
set :application, "timed-cap3"
set :repo_url, "{repository}"
set :deploy_to, "/u/apps/timed-cap3"
set :branch, "main"
""")
    servers = [f'server "{name}", user: "deploy", roles: %w{{all}}, ssh_options: {{port: {PORT}}}' for name in NAMES]
    write(work / "cap3/config/deploy/production.rb", "\n".join(servers) + "\n")


def main():
    rounds, delay = int(sys.argv[1]), float(sys.argv[2]) / 2000
    clients = {name: shlex.split(command) for name, command in (word.split("=", 1) for word in sys.argv[3:])}
    for words in clients.values():
        if pathlib.Path(words[0]).exists():
            words[0] = str(pathlib.Path(words[0]).resolve())
    environment = dict(pair.split("=", 1) for pair in subprocess.run(
        ["sh", "-c", f". {fleet('env').strip()}; env -0"], capture_output=True, text=True, check=True).stdout.split("\0") if "=" in pair)
    config = pathlib.Path(environment["CAPR_SSH_CONFIG"])
    addresses = [line.split()[1] for line in config.read_text().splitlines() if line.strip().startswith("HostName")]
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        recipes(work, environment["FLEET_GIT"])
        proxies, text = [], ""
        for number, (name, address) in enumerate(zip(NAMES, addresses), 1):
            ours = f"127.66.0.{number}"
            proxies.append(Proxy(ours, address, delay))
            text += f"Host {name}\n  HostName {ours}\n"
        key = next(line.split()[1] for line in config.read_text().splitlines() if "IdentityFile" in line)
        text += f"Host *\n  Port {PORT}\n  User deploy\n  IdentityFile {key}\n  IdentitiesOnly yes\n"
        text += f"  UserKnownHostsFile {work}/known_hosts\n  StrictHostKeyChecking accept-new\n"
        write(work / "home/.ssh/config", text)
        environment.update(HOME=str(work / "home"), CAPR_SSH_CONFIG=str(work / "home/.ssh/config"))

        def call(name, *tasks):
            words = ["production", *tasks] if name.startswith("cap3") else list(tasks)
            for proxy in proxies:
                proxy.turns.clear()
            place = work / ("capr" if name.startswith("capr") else name)
            begun = time.monotonic()
            run = subprocess.run([*clients[name], *words], cwd=place, env=environment, capture_output=True, text=True, timeout=LIMIT)
            taken = time.monotonic() - begun
            if run.returncode:
                sys.exit(f"{name} {tasks} ended with {run.returncode}: {(run.stdout + run.stderr)[-1500:]}")
            return taken, max(sum(state["turns"] for state in proxy.turns) for proxy in proxies)

        for name in clients:
            if not name.startswith("cap3"):
                call(name, "deploy:setup")
            call(name, "deploy")
        told = {name: [] for name in clients}
        for _ in range(rounds):
            for name in clients:
                time.sleep(1.1)  # A release is named by its second.
                told[name].append(call(name, "deploy"))
        print(f"load {os.getloadavg()[0]:.1f}, {delay * 2000:.0f} ms, {rounds} rounds")
        first = [taken for taken, _ in next(iter(told.values()))]
        for name, all_told in told.items():
            times = [taken for taken, _ in all_told]
            ratio = statistics.median(taken / other for taken, other in zip(times, first))
            print(f"{name}: median {statistics.median(times):.3f} s, least {min(times):.3f} s, ratio {ratio:.3f}, "
                  f"round trips {min(turns for _, turns in all_told)}")


if __name__ == "__main__":
    main()
