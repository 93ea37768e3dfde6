# Capistrano 1.4.2: its actor makes commands and transfers by factories, which are replaced.
LIBRARY = %r{/lib/capistrano/(recipes|scm)/}
CAPFILE = ""

$LOAD_PATH.unshift(LIB)
# The parts of net-ssh 1 and net-sftp 1 that are named when it is loaded.
module Net
  module SSH
    module Version
      MAJOR, MINOR, TINY = 1, 0, 10
    end
    class AuthenticationFailed < StandardError; end
  end
  module SFTP
    module Version
      MAJOR, MINOR, TINY = 1, 1, 0
    end
  end
end
%w[net/ssh net/ssh/version net/sftp net/sftp/version].each { |name| $LOADED_FEATURES << "#{name}.rb" }
# Its syntax is that of Ruby 1.8, and no gateway is asked.
$LOADED_FEATURES << "#{File.expand_path(LIB)}/capistrano/gateway.rb"
class Object
  def gem(*) = nil
end
require "capistrano"

class NoConnections
  def initialize(_) = nil
  def connect_to(server) = server
end

# Takes the part of Capistrano::Command up to the words that go to the server.
class NotedCommand < Capistrano::Command
  def open_channels = []
  def process!
    Noted.command(Array(@servers), @command.gsub(/ +/, " "))
    self
  end
end

class NotedTransfer
  def initialize(servers, _, path, params) = (@servers, @path, @params = servers, path, params)
  def process! = Noted.command(Array(@servers), "upload string #{@path}#{@params[:mode] && format(" %o", @params[:mode])}")
end

Capistrano::Actor.connection_factory = NoConnections
Capistrano::Actor.command_factory = NotedCommand
Capistrano::Actor.transfer_factory = NotedTransfer

class Capistrano::Actor
  OWN = {}
  alias define_task_without_notes define_task
  def define_task(name, options = {}, &block)
    OWN.delete(name)
    OWN[name] = true if Noted.mine?(block.source_location[0])
    own = OWN[name]
    define_task_without_notes(name, options) do
      Noted.order << name if own
      instance_eval(&block)
    end
  end

  def get(remote, local, _ = {})
    Noted.command([current_task.servers.first], "download #{remote} #{local}")
  end

  def needs_gateway? = false

  # The releases of a server that has one.
  def releases = ["20260101000000", "20260102030405"]
end

def recorded(dir, settings)
  config = Capistrano::Configuration.new
  config.logger.level = -1
  config.instance_variable_set(:@now, RELEASE)
  config.load("standard")
  config.set(:pretend, false)
  config.load("config/deploy")
  actor = config.actor
  own = Capistrano::Actor::OWN.keys
  descriptions = {}
  actor.each_task { |info| descriptions[info[:task]] = info[:desc] }
  tasks = own.to_h { |name| [name, descriptions[name]] }
  servers = own.to_h do |name|
    [name, (Array(actor.tasks[name].servers).join(" ") rescue nil)]
  ensure
    actor.tasks[name].instance_variable_set(:@servers, nil)
  end
  names = (settings["runs"] || own) - (settings["not run"] || [])
  runs = Noted.each_run(names) { |name| actor.send(name) }
  { "tasks" => tasks, "servers" => servers, "runs" => runs }
end
