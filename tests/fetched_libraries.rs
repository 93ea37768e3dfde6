//! `capr lib` over https and ssh, from a server with Apache, git-http-backend and sshd.

use crate::fleet::{Fleet, SSH_PORT};
use crate::harness::{Case, Finished};

const PORT: u16 = 8443;

/// A script that makes the repository with two versions, the certificate and the settings of Apache.
const MAKE: &str = r#"
set -e
mkdir -p /srv/git /srv/www && cd /srv/www
export HOME=/srv/www
git config --global safe.directory '*'; git config --global user.name me; git config --global user.email me@example.com
git init -q -b main chat
version() {
  printf '[library]\nname = "chat"\nversion = "%s"\n' "$1" > chat/capr.toml
  printf 'namespace :chat { desc "Say it."; task :say { puts "%s"; } }\n' "$1" > chat/chat.rhai
  git -C chat add -A && git -C chat commit -qm x && git -C chat tag "v$1"
}
version 1.0.0
git clone -q --bare chat /srv/git/chat.git
version 1.1.0
ln -s chat.git /srv/git/private.git
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=chat \
  -addext "subjectAltName=IP:@ADDRESS@" -keyout key.pem -out cert.pem 2>/dev/null
printf 'jo:%s\n' "$(openssl passwd -apr1 open-sesame)" > users
cat > httpd.conf <<'END'
ServerRoot /srv/www
ServerName @ADDRESS@
PidFile /srv/www/pid
DefaultRuntimeDir /srv/www
ErrorLog /srv/www/log
Listen @ADDRESS@:@PORT@
User deploy
Group deploy
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule env_module /usr/lib/apache2/modules/mod_env.so
LoadModule cgi_module /usr/lib/apache2/modules/mod_cgi.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLEngine on
SSLCertificateFile cert.pem
SSLCertificateKeyFile key.pem
SetEnv GIT_PROJECT_ROOT /srv/git
SetEnv GIT_HTTP_EXPORT_ALL 1
ScriptAlias /git/ /usr/lib/git-core/git-http-backend/
<Location />
  Require all granted
</Location>
<Location /git/private.git>
  AuthType Basic
  AuthName libraries
  AuthUserFile users
  Require valid-user
</Location>
END
chown -R deploy /srv/git /srv/www
apache2 -f /srv/www/httpd.conf
"#;

/// Publishes the second version.
const PUBLISH: &str = "HOME=/srv/www git -C /srv/git/chat.git fetch -q /srv/www/chat 'refs/tags/*:refs/tags/*'";

struct Server {
    fleet: Fleet,
    url: String,
}

impl Server {
    fn new() -> Self {
        let fleet = Fleet::start(&["app1"]);
        let address = fleet.address("app1").to_string();
        let make = MAKE.replace("@ADDRESS@", &address).replace("@PORT@", &PORT.to_string());
        fleet.sh("app1", &make);
        Self {
            url: format!("https://{address}:{PORT}/git"),
            fleet,
        }
    }

    /// Returns a project with the certificate and an ssh configuration of its own.
    fn project(&self) -> Case {
        let address = self.fleet.address("app1");
        let config = format!(
            "Host app1\n  HostName {address}\n  Port {SSH_PORT}\n  User deploy\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
             GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking ask\n",
            self.fleet.key().display()
        );
        Case::new()
            .file("deploy.rhai", "require \"chat\";\n")
            .file("cert.pem", &self.fleet.read("app1", "/srv/www/cert.pem"))
            .file("ssh_config", &config)
            .file("host_key", &self.fleet.read("app1", "/etc/ssh/host_key.pub"))
    }

    /// Runs a shell in such a project, with `ssh` for git.
    fn run(&self, lines: &str) -> Finished {
        let ssh = "export GIT_SSH_COMMAND=\"ssh -F $PWD/ssh_config -o UserKnownHostsFile=$PWD/known_hosts\"\n\
                   known() { printf '[%s]:%s %s\\n' \"$1\" \"$2\" \"$(cut -d' ' -f1,2 host_key)\" > known_hosts; }\n";
        self.project().shell(&format!("{ssh}{lines}")).run()
    }

    /// Returns the words of `known` for this server.
    fn known(&self) -> String {
        format!("known {} {SSH_PORT}\n", self.fleet.address("app1"))
    }
}

#[test]
fn a_library_comes_by_https_and_ssh_and_is_used_without_a_network_from_then_on() {
    let server = Server::new();
    let (url, known) = (&server.url, server.known());
    let trusted = "export GIT_SSL_CAINFO=$PWD/cert.pem\n";
    let first = server
        .run(&format!(
            "{trusted}{known}mkdir a b\ncp deploy.rhai a && cp deploy.rhai b\n\
             (cd a && capr lib add {url}/chat.git@v1.0.0 --yes && capr chat:say)\n\
             (cd b && capr lib add ssh://app1/srv/git/chat.git@v1.0.0 --yes && capr chat:say)\n\
             test \"$(grep tree a/capr.lock)\" = \"$(grep tree b/capr.lock)\" || exit 9\n\
             rm -r ~/.cache; (cd b && capr lib fetch --locked && capr chat:say)"
        ))
        .ok();
    assert_eq!(first.stdout.matches("1.0.0\n").count(), 4, "{}", first.stdout);

    server.fleet.sh("app1", PUBLISH);
    // Without a network: the addresses lead nowhere from then on.
    server
        .run(&format!(
            "{trusted}{known}CAPR_REPOSITORY={url}/chat.git capr --version --check\n\
             capr lib add {url}/chat.git@v1.0.0 --yes > log && capr lib update --yes\ncapr chat:say\n\
             capr lib remove chat && capr lib add app1:/srv/git/chat.git@v1.0.0 --yes > log && capr lib update --yes\ncapr chat:say\n\
             export GIT_SSH_COMMAND=false GIT_SSL_CAINFO=/nowhere\n\
             capr chat:say && capr lib fetch --locked --offline && capr lib list || exit 8\n\
             CAPR_REPOSITORY={url}/chat.git capr version --check && exit 9; exit 0"
        ))
        .ok()
        .says(&format!("capr {}\n1.1.0 is released: {url}/chat.git\n", env!("CARGO_PKG_VERSION")))
        .says(&format!("error: cannot find out whether there is a newer release: {url}/chat.git: git: "))
        .says("before      chat 1.0.0 of app1:/srv/git/chat.git@v1.0.0")
        .says("1.1.0\n1.1.0\n");
}

#[test]
fn a_server_that_is_not_known_or_wants_a_password_is_named_with_what_to_do_and_nothing_waits() {
    let server = Server::new();
    let (url, known) = (&server.url, server.known());
    let trusted = "export GIT_SSL_CAINFO=$PWD/cert.pem\n";
    let add = |before: &str, url: &str| server.run(&format!("{before}capr lib add {url}@v1.0.0 --yes")).code(1);
    add("", &format!("{url}/chat.git"))
        .says("certificate")
        .says("/.sslCAInfo FILE, or GIT_SSL_CAINFO=FILE");
    add("", "ssh://app1/srv/git/chat.git")
        .says("git: Host key verification failed.")
        .says("log in once by hand, compare the fingerprint, and say yes: ssh app1");
    let other = "sed -i 's/AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]*/AAAAC3NzaC1lZDI1NTE5AAAAIGE2HrxGGVXcKx5fXp5VxUfYKlQuMMXEdV5dS8XlQb0m/' host_key\n";
    add(&format!("{other}{known}"), "app1:/srv/git/chat.git").says("git: Host key verification failed.");
    add(&known, "bob@app1:/srv/git/chat.git")
        .says("git: bob@")
        .says("Permission denied")
        .says("help: none of your keys is accepted there");
    add(trusted, &format!("{url}/nowhere.git")).says("not found");
    add(&known, "app1:/srv/git/nowhere.git").says("git: '/srv/git/nowhere.git' does not appear to be a git repository");

    let private = format!("{url}/private.git");
    add(trusted, &private)
        .says("terminal prompts disabled")
        .says("help: the repository wants a name and a password");
    let helper = |word: &str| {
        format!(
            "{trusted}git config --global credential.helper '!f() {{ echo username=jo; echo password={word}; }}; f'\n"
        )
    };
    add(&helper("wrong"), &private)
        .says("Authentication failed")
        .silent_on("password=");
    let taken = format!(
        "{}capr lib add {private}@v1.0.0 --yes && cat capr.toml capr.lock",
        helper("open-sesame")
    );
    server.run(&taken).ok().silent_on("sesame").silent_on("jo@");

    // On a terminal --yes asks nothing, and without it git and ssh may ask.
    let terminal = |words: &str| {
        let case = server.project();
        let (cert, config) = (case.path("cert.pem"), case.path("ssh_config"));
        let ssh = format!(
            "ssh -F {} -o UserKnownHostsFile={}",
            config.display(),
            case.path("known").display()
        );
        case.env("GIT_SSL_CAINFO", cert.display())
            .env("GIT_SSH_COMMAND", ssh)
            .args(format!("lib add {words}").split(' '))
            .terminal()
            .start()
    };
    terminal(&format!("{private}@v1.0.0 --yes"))
        .finish()
        .code(1)
        .says("terminal prompts disabled");
    terminal("app1:/srv/git/chat.git@v1.0.0 --yes")
        .finish()
        .code(1)
        .says("Host key verification failed");
    let mut asked = terminal(&format!("{private}@v1.0.0"));
    for _ in 0..2 {
        asked.answer("Username for", "jo");
        asked.answer("Password for", "open-sesame");
    }
    asked.answer("Add it? [y/N] ", "y");
    asked.finish().ok().says("added chat").silent_on("open-sesame");
    let mut asked = terminal("app1:/srv/git/chat.git@v1.0.0");
    asked.answer("Are you sure you want to continue connecting", "yes");
    asked.answer("Add it? [y/N] ", "y");
    asked.finish().ok().says("added chat");
}
