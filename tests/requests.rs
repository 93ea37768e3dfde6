//! Requests of HTTP that recipes of Capistrano send: the ported recipe sends the same ones.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::harness::Case;

/// The tasks; what each prints was compared with Ruby 3.3's own.
const RECIPE: &str = r##"lock "3.17.2"
require "net/http"
require "json"
set :hook, ENV["HOOK"]
task :classes do
  uri = URI.parse(fetch(:hook))
  http = Net::HTTP.new(uri.host, uri.port)
  http.use_ssl = (uri.scheme == "https")
  http.verify_mode = OpenSSL::SSL::VERIFY_NONE
  request = Net::HTTP::Post.new(uri.request_uri, "Content-Type" => "application/json")
  request["X-Key"] = "a \"key\" \\"
  request.basic_auth "me", "pass word"
  request.body = { "text" => "one\ntwo \"three\" \\" }.to_json
  response = http.request(request)
  puts "#{response.code} #{response.message} #{response["X-Place"]} #{response["X-None"]}"
  puts JSON.parse(response.body)["path"]
  abort "no" unless response.is_a?(Net::HTTPSuccess)
  case Net::HTTP.get_response(URI("#{fetch(:hook)}/missing"))
  when Net::HTTPSuccess then puts "found"
  when Net::HTTPNotFound then puts "missing"
  end
end
task :short do
  uri = URI("#{fetch(:hook)}/form")
  resp, data = Net::HTTP.post_form(uri, "a" => "1 2", :b => "&", "c" => %w[x y])
  puts resp.code.to_i + 1
  uri.query = URI.encode_www_form(k: "v w")
  puts uri.to_s.sub(fetch(:hook), "")
  puts Net::HTTP.get(uri)
  answer = Net::HTTP.start(uri.host, uri.port, :use_ssl => uri.scheme == "https") do |http|
    put = Net::HTTP::Put.new(uri.path)
    put.set_form_data("k" => "v")
    http.request(put)
  end
  puts answer.body
  Net::HTTP.start(uri.host, uri.port) { |http| puts http.get("/in/plain").body }
  begin
    Net::HTTP.get(URI("http://127.0.0.1:1/"))
  rescue => e
    puts "no answer"
  end
end
task :gems do
  puts Faraday.post("#{fetch(:hook)}/f", { payload: "x y" }, "X-Key" => "k").status
  puts HTTParty.post("#{fetch(:hook)}/h", body: { a: 1 }.to_json, headers: { "Content-Type" => "application/json" })["path"]
  puts RestClient.post("#{fetch(:hook)}/r", { a: 1 }.to_json, content_type: :json, accept: :json).code
  begin
    RestClient.get "#{fetch(:hook)}/missing", params: { q: "1" }
  rescue => e
    puts "an error"
  end
  puts URI.open("#{fetch(:hook)}/o").read
  service = Faraday.new(url: fetch(:hook), headers: { "X-Key" => "s" }) do |f|
    f.request :url_encoded
    f.adapter Faraday.default_adapter
  end
  puts service.post("/g", { a: "1 2" }).success?
  puts service.get("list?x=1").body
  RestClient::Request.execute(method: :delete, url: "#{fetch(:hook)}/d", headers: { x_key: "r" }, timeout: 5)
  uri = URI(fetch(:hook))
  puts Net::HTTP.new(uri.host, uri.port).start { |http| http.request(Net::HTTP::Get.new("/in/start")) }.code
end
"##;

/// Answers each request with its path, and tells what it was.
fn server() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (told, seen) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            stream
                .get_ref()
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let mut first = String::new();
            stream.read_line(&mut first).unwrap();
            let mut request = first.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
            let path = request.split(' ').nth(1).unwrap().to_owned();
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                let Some((name, value)) = line.trim_end().split_once(": ") else {
                    break;
                };
                match name.to_lowercase().as_str() {
                    "content-length" => length = value.parse().unwrap(),
                    "content-type" | "authorization" | "x-key" => {
                        write!(request, "\n{}: {value}", name.to_lowercase()).unwrap();
                    }
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            if length > 0 {
                write!(request, "\n{}", String::from_utf8(body).unwrap()).unwrap();
            }
            told.send(request).unwrap();
            let status = if path.contains("missing") {
                "404 Not Found"
            } else {
                "200 OK"
            };
            let body = format!("{{\"path\":\"{path}\"}}");
            let head = format!(
                "HTTP/1.1 {status}\r\nX-Place: here\r\nConnection: close\r\nContent-Length: {}",
                body.len()
            );
            write!(stream.get_mut(), "{head}\r\n\r\n{body}").unwrap();
        }
    });
    (format!("http://{address}/in"), seen)
}

/// Runs a task of the ported recipe; returns what it prints, and the requests.
#[track_caller]
fn run(task: &str) -> (String, Vec<String>) {
    let ported = Case::new()
        .file("config/deploy.rb", RECIPE)
        .args(["port", "config/deploy.rb"])
        .run()
        .ok();
    let (hook, seen) = server();
    let ran = Case::new()
        .recipe(&ported.file("config/deploy.rhai"))
        .env("HOOK", &hook)
        .args([task])
        .run()
        .ok();
    assert!(!ran.stderr.contains("pass word"), "{}", ran.stderr);
    (ran.stdout, seen.try_iter().collect())
}

#[test]
fn requests_of_net_http_are_sent_as_ruby_sends_them() {
    let (said, seen) = run("classes");
    assert_eq!(said, "200 OK here \n/in\nmissing\n");
    let post = "POST /in\nauthorization: Basic bWU6cGFzcyB3b3Jk\ncontent-type: application/json\nx-key: a \"key\" \\\n\
                {\"text\":\"one\\ntwo \\\"three\\\" \\\\\"}";
    assert_eq!(seen, [post, "GET /in/missing"]);
}

#[test]
fn the_short_forms_of_net_http_are_sent_as_ruby_sends_them() {
    let (said, seen) = run("short");
    let form = "content-type: application/x-www-form-urlencoded";
    assert_eq!(
        said,
        "201\n/form?k=v+w\n{\"path\":\"/in/form?k=v+w\"}\n{\"path\":\"/in/form\"}\n{\"path\":\"/in/plain\"}\nno answer\n"
    );
    let first = format!("POST /in/form\n{form}\na=1+2&b=%26&c=x&c=y");
    let put = format!("PUT /in/form\n{form}\nk=v");
    assert_eq!(seen, [&first, "GET /in/form?k=v+w", &put, "GET /in/plain"]);
}

#[test]
fn requests_of_gems_are_sent_as_these_send_them() {
    let (said, seen) = run("gems");
    assert_eq!(
        said,
        "200\n/in/h\n200\nan error\n{\"path\":\"/in/o\"}\ntrue\n{\"path\":\"/in/list?x=1\"}\n200\n"
    );
    assert_eq!(
        seen,
        [
            "POST /in/f\nx-key: k\ncontent-type: application/x-www-form-urlencoded\npayload=x+y",
            "POST /in/h\ncontent-type: application/json\n{\"a\":1}",
            "POST /in/r\ncontent-type: application/json\n{\"a\":1}",
            "GET /in/missing?q=1",
            "GET /in/o",
            "POST /in/g\nx-key: s\ncontent-type: application/x-www-form-urlencoded\na=1+2",
            "GET /in/list?x=1\nx-key: s",
            "DELETE /in/d\nx-key: r",
            "GET /in/start",
        ]
    );
}
