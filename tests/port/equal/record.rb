# Writes down what Capistrano 3 does with each recipe here: `ruby record.rb` (Debian: apt-get install capistrano). It needs no
# server: SSHKit's backend is one that only takes note of the command lines, as `cap --dry-run` does. Each record names the
# tasks with their descriptions, and for each task in the order of commands: the server and the whole command line.
require "json"
require "tmpdir"
require "fileutils"

HERE = __dir__
LINES = []

def record(file)
  Dir.mktmpdir do |dir|
    FileUtils.mkdir_p("#{dir}/config/deploy")
    File.write("#{dir}/Capfile", <<~RUBY)
      require "capistrano/setup"
      require "capistrano/deploy"
      require "capistrano/scm/git"
      install_plugin Capistrano::SCM::Git
    RUBY
    FileUtils.cp(file, "#{dir}/config/deploy.rb")
    FileUtils.cp("#{HERE}/production.rb", "#{dir}/config/deploy/production.rb")
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      Dir.chdir(dir)
      begin
        writer.write(JSON.pretty_generate(inside(file)))
      rescue Exception => e
        STDERR.puts(e.full_message)
        exit!(1)
      end
      writer.close
      exit!(0)
    end
    writer.close
    text = reader.read
    Process.wait(pid)
    raise "#{file} was not recorded" unless $?.success? && !text.empty?
    File.write(file.sub(/\.rb\z/, ".json"), text + "\n")
  end
end

# In a process of its own: Rake and Capistrano keep what they have loaded.
def inside(file)
  require "capistrano/all"
  require "sshkit"
  backend = Class.new(SSHKit::Backend::Printer) do
    def execute_command(command)
      LINES << [host.to_s, command.to_command]
      command
    end
    def test(*) = (super; true)
    def capture(*) = (super; "")
    def upload!(local, remote, _ = {}) = LINES << [host.to_s, "upload #{local.is_a?(StringIO) ? "string" : local} #{remote}"]
    def download!(remote, local = nil, _ = {}) = LINES << [host.to_s, "download #{remote} #{local}"]
  end
  app = Capistrano::Application.new
  Rake.application = app
  Rake::TaskManager.record_task_metadata = true
  $stdout = File.open(File::NULL, "w")
  $stderr = $stdout
  app.init("cap", ["production"])
  app.load_rakefile
  before = Rake::Task.tasks.map(&:name)
  Rake::Task["production"].invoke
  SSHKit.configure { |config| config.backend = backend; config.output = SSHKit::Formatter::BlackHole.new($stdout) rescue nil }
  SSHKit.config.default_runner = :sequence
  SSHKit.config.default_runner_config = { wait: 0 }
  own = Rake::Task.tasks.select { |task| task.locations.any? { |place| place.include?("config/deploy.rb") } }
  (tasks, runs) = [{}, {}]
  own.each { |task| tasks[task.name] = task.full_comment.to_s }
  (own.map(&:name) - File.read(file).scan(/^# not run: (.*)$/).flatten.flat_map(&:split)).each do |name|
    LINES.clear
    Rake::Task.tasks.reject(&:frozen?).each(&:reenable)
    failed = nil
    begin
      Rake::Task[name].invoke
    rescue SystemExit, StandardError => e
      failed = e.class.name
    end
    servers = {}
    LINES.each { |host, line| (servers[host] ||= []) << line }
    runs[name] = failed ? { "failed" => true, "servers" => servers } : { "servers" => servers }
  end
  { "tasks" => tasks, "runs" => runs }
end

(ARGV.empty? ? Dir["#{HERE}/*.rb"].sort : ARGV).each do |file|
  next if ["record.rb", "production.rb"].include?(File.basename(file))
  record(File.expand_path(file))
end
