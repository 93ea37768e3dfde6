//! Decides which names are those of secrets: names of variables, keys of maps and environment variables, and names in a line of a
//! recipe. `docs/ssh.md` describes the rule.

/// The ends of words that mean a secret.
const SECRETS: [&str; 7] = [
    "password",
    "passphrase",
    "passwd",
    "secret",
    "token",
    "webhook",
    "apikey",
];
/// The words before `key` that make it a secret: `api_key`, but not `ssh_key` (usually a file) or `host_key`.
const KEYS: [&str; 13] = [
    "access",
    "account",
    "api",
    "app",
    "auth",
    "encryption",
    "license",
    "master",
    "private",
    "secret",
    "session",
    "signing",
    "storage",
];
/// Last words of names that describe something about a secret: `password_prompt`, `private_key_file`, `token_timeout`.
const ABOUT: [&str; 38] = [
    "algorithm",
    "attempts",
    "count",
    "days",
    "dir",
    "directory",
    "enabled",
    "expires",
    "expiry",
    "field",
    "file",
    "files",
    "header",
    "hours",
    "length",
    "lifetime",
    "limit",
    "max",
    "min",
    "minutes",
    "name",
    "names",
    "number",
    "path",
    "paths",
    "policy",
    "port",
    "prompt",
    "prompts",
    "required",
    "seconds",
    "size",
    "timeout",
    "ttl",
    "type",
    "user",
    "username",
    "version",
];

/// Returns true if this is the name of a secret: one of its words means a secret, and the last word does not say that the value
/// only describes a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let at = |index: usize| words.get(index).map(String::as_str).unwrap_or_default();
    let is_secret = (0..words.len()).any(|index| {
        let word = at(index);
        let follows = index > 0;
        let is_key = matches!(word, "key" | "keys") && follows && KEYS.contains(&at(index - 1));
        is_key || ends_in_secret(word) || matches!(word, "pass" | "pwd") && follows
    });
    let last = words.len().saturating_sub(1);
    let is_id = last > 0 && matches!(at(last), "id" | "ids") && matches!(at(last - 1), "key" | "keys");
    is_secret && !is_id && !ABOUT.contains(&at(last))
}

/// Returns true if a line of a recipe mentions a secret. It may return true for lines that contain none.
pub(crate) fn names_secret(text: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut rest = text;
    while let Some(begin) = rest.find(is_of_name) {
        let from = rest.get(begin..).unwrap_or_default();
        let (name, behind) = from.split_at(from.find(|c| !is_of_name(c)).unwrap_or(from.len()));
        if begins_secret(name) || is_secret_name(name) && (name != "passwd" || behind.starts_with([':', '=', ','])) {
            return true;
        }
        rest = behind;
    }
    false
}

/// Returns true if the beginning of a name is enough to know that it means a secret, however it continues.
pub(super) fn begins_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    // The word `passwd` alone is also a program and a file.
    SECRETS.iter().any(|word| *word != "passwd" && name.contains(word))
}

fn ends_in_secret(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    SECRETS
        .iter()
        .any(|secret| word.ends_with(secret) || singular.ends_with(secret))
}

/// Returns the words of a name, in lower case and without digits at their ends: `db_password2`, `apiKey`, `X-Api-Key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        let begins = !c.is_alphanumeric() || was_small && c.is_uppercase();
        if begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
        was_small = c.is_lowercase() || c.is_numeric();
    }
    let words = words.into_iter();
    let words = words.map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_secret_name, names_secret};

    #[test]
    fn a_name_says_that_it_is_of_a_secret() {
        for name in [
            "password",
            "db_password",
            "db_password2",
            "DB_PASSWORD",
            "PGPASSWORD",
            "dbPassword",
            "api_passwords",
            "passwd",
            "mysql_passwd",
            "db_pass",
            "MYSQL_PWD",
            "passphrase",
            "secret",
            "secrets",
            "token",
            "api_tokens",
            "github-token",
            "notify_webhook",
            "webhook_url",
            "api_key",
            "API_KEY",
            "apiKey",
            "apikey",
            "X-Api-Key",
            "stripe_api_keys",
            "private_key",
            "secret_key",
            "SECRET_KEY_BASE",
            "AWS_SECRET_ACCESS_KEY",
            "access_key",
            "RAILS_MASTER_KEY",
            "APP_KEY",
            "signing_key",
            "encryption_key",
            "password_hash",
            "secret_id",
            "NEW_RELIC_LICENSE_KEY",
        ] {
            assert!(is_secret_name(name), "{name}");
            assert!(names_secret(&format!("set :{name}, \"x\"")), "{name}");
        }
        for name in [
            "",
            "_",
            "key",
            "keys",
            "key_file",
            "ssh_keys",
            "ssh_key",
            "host_key",
            "public_key",
            "cache_key",
            "password_prompt",
            "number_of_password_prompts",
            "password_file",
            "private_key_file",
            "private_key_path",
            "privateKeyFile",
            "token_timeout",
            "AWS_ACCESS_KEY_ID",
            "secret_name",
            "CREDENTIALS_DIRECTORY",
            "pass",
            "PWD",
            "OLDPWD",
            "SSH_ASKPASS",
            "passenger",
            "bypass",
            "compass",
            "application",
            "author",
            "secretary",
            "tokenizer",
            "monkey",
            "access_log",
            "session",
            "7",
            "ключ",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn a_line_speaks_of_a_secret() {
        for line in [
            "set :db_pass, \"x\"",
            "#{ passwd: \"x\" }",
            "ENV[\"API_KEY\"] = \"x\"",
            "mysql --password-file=x",
            "curl -H 'X-Api-Key: x'",
        ] {
            assert!(names_secret(line), "{line}");
        }
        for line in [
            "run \"passwd\", |channel|",
            "awk /etc/passwd",
            "set :keys, [\"x\"]",
            "passenger",
            "",
        ] {
            assert!(!names_secret(line), "{line}");
        }
    }
}
