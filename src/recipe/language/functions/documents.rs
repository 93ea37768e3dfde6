//! Functions that read and write YAML and JSON. A value under the name of a secret is never shown.

use super::super::function::FunctionRow;
use super::encodings;

pub(super) static FUNCTIONS: &[FunctionRow] = &[
    encodings::BASE64,
    encodings::BASE64_DECODE,
    FunctionRow {
        form: "env_file(path)",
        doc: "The variables of a file on this machine as dotenv reads it, a map of strings: `NAME=value` on each line, with comments, quotes, \
              `export`, and `$NAME` for a variable of the file or of the environment. It changes no environment: \
              `run \"rake x\", :env => env_file(\".env\");`",
        example: "{ let file = temp_dir() + \"/.env\"; write_file(file, \"A=1\\nexport B=\\\"$A 2\\\" # said\\n\"); env_file(file) }",
        gives: "#{ A: \"1\", B: \"1 2\" }",
    },
    FunctionRow {
        form: "parse_json(text)",
        doc: "The value of a JSON string: maps, lists, strings, numbers, `true`, `false`, `()` for `null`.",
        example: "parse_json(\"{\\\"port\\\": [80, null]}\").port",
        gives: "[80, ()]",
    },
    FunctionRow {
        form: "parse_yaml(text)",
        doc: "The value of a YAML string, with its anchors and `<<` merged. `yes` and `no` are true and false, as in \
              Ruby. A number is one where it prints back as it stands there: `1.10`, `007` and `0644` are strings.",
        example: "parse_yaml(\"all: &all {port: 80}\\nweb:\\n  <<: *all\\n  ssl: yes\\n\").web",
        gives: "#{ port: 80, ssl: true }",
    },
    encodings::RANDOM_HEX,
    FunctionRow {
        form: "read_json(path)",
        doc: "The value of a JSON file on this machine.",
        example: "{ let file = temp_dir() + \"/a.json\"; write_file(file, \"[1]\"); read_json(file) }",
        gives: "[1]",
    },
    FunctionRow {
        form: "read_yaml(path)",
        doc: "The value of a YAML file on this machine: `read_yaml(\"config/database.yml\")[rails_env].database`.",
        example: "{ let file = temp_dir() + \"/a.yml\"; write_file(file, \"a: 1\"); read_yaml(file).a }",
        gives: "1",
    },
    encodings::SHA256,
    FunctionRow {
        form: "to_json(value)",
        doc: "A value as JSON, which is YAML as well. With `true` as second argument on lines of its own for each part.",
        example: "to_json(#{ who: \"it's \\\"me\\\"\", ports: [80, ()] })",
        gives: "\"{\\\"ports\\\":[80,null],\\\"who\\\":\\\"it's \\\\\\\"me\\\\\\\"\\\"}\"",
    },
    FunctionRow {
        form: "to_yaml(value)",
        doc: "A value as a YAML document, a line for each part; strings that YAML would take for something else stand in quotes.",
        example: "to_yaml(#{ production: #{ host: \"db1\", version: \"1.10\", ports: [80, ()] } })",
        gives: "\"---\\nproduction:\\n  host: db1\\n  ports:\\n    - 80\\n    - null\\n  version: \\\"1.10\\\"\\n\"",
    },
    encodings::URL_ESCAPE,
];
