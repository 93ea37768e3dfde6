//! A target of `scripts/fuzz`: recipes of Ruby, of any bytes.

use crate::fuzz::Target;
use crate::recipe::on_large_stack;

use super::{RubyFile, RubyProject, port};

/// The targets of this folder.
pub(crate) const TARGETS: &[Target] = &[Target {
    name: "port",
    about: "a recipe of Capistrano that is carried over",
    seeds: &[
        b"set :application, \"shop\"\nrole :app, 'a', \"b\", :primary => true\n# why\ntask :x, :roles => :app do # beside\n  run <<-CMD\n    cd #{current_path} &&\n    ls\n  CMD\nend\n",
        b"lock '3.1'\nnamespace :deploy do\n  desc 'Restart'\n  task :restart do\n    on roles(:app), in: :sequence, wait: 5 do |host|\n      within release_path do\n        with rails_env: fetch(:rails_env) do\n          execute :rake, 'x' if test(\"[ -f #{shared_path}/x ]\")\n        end\n      end\n    end\n  end\n  after :publishing, :restart\nend\n",
        b"task :after_update_code do\n  x = ENV['A'] || 'b'\n  [1, 2].each do |n|\n    sudo \"echo #{n} \\\"$HOME\\\" `date`\" unless x =~ /a+/i\n  end\n  run \"x\" do |ch, s, data| ch.send_data \"y\\n\" if data =~ /z/ end\n  begin; put File.read('a'), '/b', :mode => 0644; rescue => e; puts e.message; end\nend\n",
        b"def f(a, b = 1) case a when 'x', 'y' then b else nil end end\nset(:q) { `git log`.split(' ').map { |x| x.strip }.join(',') }\nset :h, { :a => %w(a b), 'c-d' => [1, nil, true] }\nbefore 'deploy', 'x' do f(1) end\n",
        b"class X < StandardError; end\ndef g(a, b = {}, &block)\n  return yield(a) if block_given?\n  run a, b, &block\nensure\n  puts a\nend\ntask(:t) { begin; g('x') { |y| raise X, y }; rescue X => e; raise; rescue => e; puts e; end; a, ENV['B'] = 1, 2 }\n",
    ],
    words: &[
        "do", "end", "{", "}", "#{", "${", "`", "\\", "\"", "'", "<<-X\n", "X\n", "%w(", ")", " if ", " unless ", " rescue nil", "::", "=>",
        ":a", "task :t do\n", "namespace :n do\n", "on roles(:app) do |h|\n", "run ", "set :x, ", "->{", "||", "&&", "=~ /", "/", "$1", "ENV['X']",
        "\n", "# c\n", "\\\n", "*", "&", "(", "[", "]", "@a", "=", "+=", "||=", "return", "next", "break", "\r\n", "\t", "__END__\n", "yield", "&block", "ensure\n", "raise X\n", "rescue X\n", "class X < Y; end\n", "=begin\n=end\n",
    ],
    read: read_ruby,
}];

/// Reads a recipe of Ruby; returns true if something was written.
fn read_ruby(bytes: &[u8]) -> bool {
    let project = RubyProject {
        sources: vec![RubyFile {
            path: "config/deploy.rb".to_owned(),
            text: bytes.to_vec(),
            is_wanted: true,
            gem: None,
            part: None,
        }],
        ..RubyProject::default()
    };
    on_large_stack(|| port(&project).is_ok()).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn recipes_of_any_bytes_are_carried_over_or_refused() {
        crate::fuzz::survives(TARGETS, 600);
    }
}
