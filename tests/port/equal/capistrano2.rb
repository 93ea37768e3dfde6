# Capistrano 2.15.11: no connection is made, and commands and transfers are taken note of where they would go to the sessions.
LIBRARY = %r{/lib/capistrano/(recipes|ext)/}
CAPFILE = "load \"deploy\"\nload \"config/deploy\"\n"

$LOAD_PATH.unshift(LIB)
# Written for Ruby 1.8 to 2.2; this machine's has neither.
class File
  def self.exists?(path) = exist?(path)
end unless File.respond_to?(:exists?)
require "capistrano"
require "capistrano/cli"

class Capistrano::Configuration
  def establish_connections_to(servers)
    servers.each { |server| sessions[server] = Session.new(server) }
  end

  Session = Struct.new(:xserver) do
    def close = nil
  end

  alias execute_task_without_notes execute_task
  def execute_task(task)
    Noted.order << task.fully_qualified_name if own_task?(task)
    execute_task_without_notes(task)
  end

  def own_task?(task) = Noted.mine?(task.body.source_location[0])

  # A server with two releases, of which the second is current.
  alias capture_without_notes capture
  def capture(command, options = {})
    capture_without_notes(command, options)
    command.start_with?("ls -x") ? "20260102030405 20260101000000" : ""
  end
end

class Capistrano::Command
  # The line goes to the server as #open_channels puts it together.
  Channel = Struct.new(:server) do
    def [](name) = name == :host ? server.host : server
  end

  def self.process(tree, sessions, options = {})
    command = allocate
    command.instance_variable_set(:@tree, tree)
    command.instance_variable_set(:@options, options)
    sessions.each do |session|
      tree.branches_for(session.xserver).each do |branch|
        line = command.send(:replace_placeholders, branch.command, Channel.new(session.xserver))
        shell = options[:shell] == false ? nil : "#{options[:shell] || "sh"} -c"
        line = "'#{line.gsub(/'/) { "'\\''" }}'" if shell
        Noted.command([session.xserver.host], [command.send(:environment), shell, line].compact.join(" "))
      end
    end
  end
end

class Capistrano::Transfer
  def self.process(direction, from, to, sessions, options = {})
    (first, second) = direction == :up ? [from, to] : [from, to]
    first = "string" if first.respond_to?(:read)
    sessions.each do |session|
      words = [first, second].map { |word| word.to_s.gsub("$CAPISTRANO:HOST$", session.xserver.host) }
      Noted.command([session.xserver.host], "#{direction == :up ? "upload" : "download"} #{words.join(" ")}")
    end
  end
end

def recorded(dir, settings)
  config = Capistrano::Configuration.new
  config.logger.level = -1
  Capistrano::Configuration.instance = config
  config.set(:release_name) { RELEASE.strftime("%Y%m%d%H%M%S") }
  config.set(:real_revision) { "0123456789" }
  config.set(:password) { "secret" }
  # Stages look at the command line.
  stage = settings["stage"]&.first
  ARGV.replace([stage].compact)
  config.load("standard")
  config.load("Capfile")
  config.trigger(:load)
  config.find_and_execute_task(stage, before: :start, after: :finish) if stage
  own = config.task_list(:all).select { |task| config.own_task?(task) }
  tasks = own.to_h { |task| [task.fully_qualified_name, task.description] }
  servers = own.to_h do |task|
    [task.fully_qualified_name, (config.find_servers_for_task(task).map(&:host).join(" ") rescue nil)]
  end
  names = (settings["runs"] || tasks.keys) - (settings["not run"] || [])
  runs = Noted.each_run(names) { |name| config.find_and_execute_task(name, before: :start, after: :finish) }
  { "tasks" => tasks, "servers" => servers, "runs" => runs }
end
