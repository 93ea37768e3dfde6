# Decisions.
set :port, 80
set :mode, :fast

task :decides do
  on roles(:app) do
    execute :low if fetch(:port) < 100
    execute :never unless fetch(:port) < 100
    execute(fetch(:mode) == :fast ? :fast : :slow)
    case fetch(:mode)
    when :fast, :faster then execute :quick
    else execute :lame
    end
    execute :safe unless fetch(:nothing)&.empty?
    execute :missing if fetch(:nothing).nil?
    execute :both if fetch(:port) == 80 && fetch(:mode) != :slow
  end
end

task :tests do
  on roles(:app) do
    if test("[ -f /srv/pid ]")
      execute :kill, "-QUIT", "`cat /srv/pid`"
    else
      execute :start
    end
    unless test("[ -d /srv/app ]")
      execute :mkdir, "/srv/app"
    end
    execute :rm, "-f", "/srv/pid" if test(:pgrep, "-f", "unicorn")
  end
end
