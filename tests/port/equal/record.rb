# Writes down what the real Capistrano does with each recipe here. No server is needed: the connections are replaced by
# something that only takes note of the command lines.
#
#   ruby record.rb 3                            (3.17.2; Debian: apt-get install capistrano)
#   ruby record.rb 2 CHECKOUT/lib               (2.15.11, a checkout of its tag; Debian: ruby-net-ssh, -scp, -sftp, -ssh-gateway,
#                                                ruby-highline)
#   ruby record.rb 1 CHECKOUT/lib               (1.4.2, a checkout of its tag; of net-ssh nothing is used)
#
# A fixture is a recipe, or a directory with a whole project. Its comments may say:
#
#   # runs: one two        these tasks, in this order; without it, all tasks that it defines
#   # not run: three       all but these
#   # stage: staging       the stage; without it, production in 3.x and none in 1.x and 2.x
#
# N.json holds of each fixture its tasks with descriptions, the servers of each task, and of each run the order of its own
# tasks, what they print, and the command lines by servers. What a task of Capistrano's own library runs is left out.
require "json"
require "tmpdir"
require "fileutils"

HERE = __dir__
VERSION, LIB, *ONLY = ARGV
RELEASE = Time.utc(2026, 1, 2, 3, 4, 5)
require_relative "capistrano#{VERSION}"

# What is noted while a task runs.
module Noted
  class << self
    # Words of the library that a fixture calls like any other command.
    HELPERS = %w[try_sudo try_runner run_locally with_env].freeze

    attr_accessor :lines, :order, :said, :root, :servers, :task, :tasks

    def begin!
      self.lines, self.order, self.said, self.tasks, self.servers = [], [], [], [], nil
    end

    # Runs each task by itself, as the block says; a task that fails ends with its error.
    def each_run(names)
      names.to_h do |name|
        begin!
        begin
          yield name
        rescue Exception => e
          next [name, run.merge(failure(e))]
        end
        [name, run]
      end
    end

    # Recipes are loaded under their whole or their relative path.
    def mine?(path)
      path = path.to_s
      path.start_with?(root) || (!path.start_with?("/") && File.file?(File.join(root, path)))
    end

    # True if the code that calls belongs to the fixture, and not to a task of the library which the fixture calls.
    def own?
      frame = caller_locations.find do |place|
        mine?(place.path) || (LIBRARY.match?(place.path.to_s) && !HELPERS.include?(place.base_label))
      end
      frame && mine?(frame.path)
    end

    def command(hosts, line)
      hosts.each { |host| lines << [host, line] } if own?
    end

    def run
      servers = Hash.new { |all, host| all[host] = [] }
      lines.each { |host, line| servers[host] << line }
      together = servers.keys.group_by { |host| servers[host] }
      on = together.to_h { |list, hosts| [hosts.join(" "), list] }
      { "order" => order.join(" "), "said" => said, "on" => on }.reject { |_, value| value.empty? }
    end
  end
end

# What the fixture prints; no other output is wanted.
class Printed
  def write(*texts)
    Noted.said.concat(texts.join.lines.map(&:chomp)) if Noted.said && Noted.own?
    texts.sum(&:size)
  end

  def print(*texts) = write(*texts)
  def puts(*texts) = write(*texts.flatten.flat_map { |text| [text.to_s.chomp, "\n"] })
  def <<(text) = (write(text); self)
  def flush = self
  def sync = true
  def sync=(_); end
  def tty? = false
  alias isatty tty?
end

# Commands of this machine are noted, not run.
module Kernel
  def `(line)
    Noted.lines && Noted.command(["localhost"], line)
    ""
  end

  def system(*words, **_)
    Noted.lines && Noted.command(["localhost"], words.join(" "))
    true
  end
end

# An error of the fixture is part of the record; one of the code that records is not. Fixtures that call what is not there
# call it `undefined`, and a hook of 3.x on a task that is not there has an error of its own.
def failure(error)
  own = error.is_a?(NameError) ? %i[Undefined undefined].include?(error.name) : error.message.match?(/^Task .* not found$/)
  raise error if !own && [NameError, ArgumentError, TypeError].any? { |kind| error.is_a?(kind) }
  { "failed" => error.class.name }
end

def settings(path)
  text = File.file?(path) ? File.read(path) : Dir["#{path}/**/*"].select { |file| File.file?(file) }.map { |file| File.read(file) }.join("\n")
  text.scan(/^# (runs|not run|stage): (.*)$/).to_h { |name, words| [name, words.split] }
end

# Files that fixtures send.
SENT = %w[config/database.yml public/index.html keys/app1 keys/app2].freeze

def lay_out(path, dir)
  if File.directory?(path)
    FileUtils.cp_r("#{path}/.", dir)
  else
    FileUtils.mkdir_p("#{dir}/config/deploy")
    FileUtils.cp(path, "#{dir}/config/deploy.rb")
    FileUtils.cp("#{HERE}/3/production.stage", "#{dir}/config/deploy/production.rb") if VERSION == "3"
  end
  SENT.each do |file|
    FileUtils.mkdir_p("#{dir}/#{File.dirname(file)}")
    File.write("#{dir}/#{file}", "x") unless File.exist?("#{dir}/#{file}")
  end
  File.write("#{dir}/Capfile", CAPFILE) unless File.exist?("#{dir}/Capfile")
end

# In a process of its own: Capistrano and Rake keep what they have loaded.
def record(path)
  Dir.mktmpdir do |dir|
    dir = File.realpath(dir)
    lay_out(path, dir)
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      Dir.chdir(dir)
      begin
        Noted.root = dir
        Noted.begin!
        ENV.delete_if { |name, _| %w[TAG BRANCH RAILS_ENV STAGE].include?(name) }
        errors = $stderr
        $stdout = Printed.new
        $stderr = File.open(File::NULL, "w")
        writer.write(JSON.generate(recorded(dir, settings(path))).gsub(dir, "PROJECT"))
      rescue Exception => e
        errors.puts(e.full_message(highlight: false).lines.first(6).join)
        exit!(1)
      end
      writer.close
      exit!(0)
    end
    writer.close
    text = reader.read
    Process.wait(pid)
    if $?.success? && !text.empty?
      JSON.parse(text)
    else
      STDERR.puts("#{path} was not recorded")
      nil
    end
  end
end

# One line for each fixture's tasks, their servers, and each of its runs.
def lines_of(records)
  fixtures = records.sort.map do |name, parts|
    inner = parts.map do |part, members|
      next "  #{part.to_json}: #{members.to_json}" if part != "runs"
      rows = members.map { |task, run| "   #{{ "task" => task }.merge(run).to_json}" }
      "  #{part.to_json}: [\n#{rows.join(",\n")}\n  ]"
    end
    " #{name.to_json}: {\n#{inner.join(",\n")}\n }"
  end
  "{\n#{fixtures.join(",\n")}\n}\n"
end

file = "#{HERE}/#{VERSION}.json"
paths = Dir["#{HERE}/#{VERSION}/*"].reject { |path| path.end_with?(".stage") }.sort
records = ONLY.empty? || !File.exist?(file) ? {} : JSON.parse(File.read(file))
# In the file, runs are a list: their order matters.
records.each_value { |parts| parts["runs"] = parts["runs"].to_h { |run| [run.delete("task"), run] } }
paths.each do |path|
  name = File.basename(path, ".rb")
  next unless ONLY.empty? || ONLY.include?(name)
  found = record(path)
  records[name] = found if found
end
File.write(file, lines_of(records))
