# Capistrano 3.17.2: SSHKit's backend is one that takes note of the command lines, as that of `cap --dry-run` does.
LIBRARY = %r{/capistrano/(tasks|scm)/}
CAPFILE = <<~RUBY
  require "capistrano/setup"
  require "capistrano/deploy"
  require "capistrano/scm/git"
  install_plugin Capistrano::SCM::Git
RUBY

require "capistrano/all"
require "sshkit"

class Rake::Task
  def own?
    places = actions.map { |action| action.source_location[0] } + locations.map { |place| place.sub(/:\d+(:in .*)?\z/, "") }
    places.any? { |place| Noted.mine?(place) }
  end
end

module NotedHosts
  def initialize(hosts)
    super
    return unless Noted.own? && Noted.tasks.last == Noted.task
    Noted.servers = (Noted.servers || []) + self.hosts.map(&:to_s)
  end
end
SSHKit::Coordinator.prepend(NotedHosts)

class NotedBackend < SSHKit::Backend::Printer
  def execute_command(command)
    Noted.command([host.to_s], command.to_command)
    command.exit_status = 0
    command
  end
  def test(*) = (super; true)
  def capture(*) = (super; "")
  def upload!(local, remote, _ = {}) = Noted.command([host.to_s], "upload #{local.respond_to?(:read) ? "string" : local} #{remote}")
  def download!(remote, local = nil, _ = {}) = Noted.command([host.to_s], "download #{remote} #{local}")
end

class SSHKit::Backend::Local
  def execute_command(command)
    Noted.command(["localhost"], command.to_command)
    command
  end
  def test(*) = (super; true)
  def capture(*) = (super; "")
end

# Others wrap this method as well, when they are loaded.
def note_tasks
  Rake::Task.class_eval do
    alias_method :invoke_without_notes, :invoke_with_call_chain
    define_method(:invoke_with_call_chain) do |*arguments|
      Noted.order << name if own? && !@already_invoked
      invoke_without_notes(*arguments)
    end
    alias_method :execute_without_notes, :execute
    define_method(:execute) do |*arguments|
      # Rake's own `execute` has no prerequisites and no chain.
      Noted.order << name if own? && !@already_invoked
      Noted.tasks.push(name)
      execute_without_notes(*arguments)
    ensure
      Noted.tasks.pop
    end
  end
end

def recorded(_, settings)
  app = Capistrano::Application.new
  Rake.application = app
  Rake::TaskManager.record_task_metadata = true
  stage = settings["stage"]&.first || "production"
  app.init("cap", [stage])
  app.load_rakefile
  Capistrano::Configuration.env.instance_variable_set(:@timestamp, RELEASE)
  note_tasks
  Rake::Task[stage].invoke
  SSHKit.configure do |config|
    config.backend = NotedBackend
    config.output = SSHKit::Formatter::BlackHole.new($stdout)
  end
  SSHKit.config.default_runner = :sequence
  SSHKit.config.default_runner_config = { in: :sequence, wait: 0 }
  # `load:defaults` is a task of Capistrano, to which libraries add.
  own = Rake::Task.tasks.select { |task| task.own? && task.name != "load:defaults" }
  tasks = own.to_h { |task| [task.name, task.full_comment.to_s] }
  (servers, runs) = [{}, {}]
  ((settings["runs"] || own.map(&:name)) - (settings["not run"] || [])).each do |name|
    Noted.begin!
    Noted.task = name
    Rake::Task.tasks.reject(&:frozen?).each(&:reenable)
    failed = {}
    begin
      Rake::Task[name].invoke
    rescue SystemExit, StandardError => e
      failed = failure(e)
    end
    servers[name] = Noted.servers.uniq.join(" ") if Noted.servers
    runs[name] = Noted.run.merge(failed)
  end
  { "tasks" => tasks, "servers" => servers, "runs" => runs }
end
