# Tasks that are made in loops.
%w[start stop restart].each do |command|
  namespace :puma do
    desc "#{command.capitalize} puma."
    task command do
      on roles(:app) do
        execute :systemctl, command, "puma"
      end
    end
  end
end

{ cache: "tmp/cache", logs: "log" }.each do |name, path|
  task "clear_#{name}" do
    on(roles(:app)) { execute :rm, "-rf", path }
  end
end

task :repeats do
  on roles(:app) do
    %w[a b].each { |name| execute :mkdir, name }
    [["x", 1], ["y", 2]].each do |name, number|
      execute :echo, name, number
    end
    2.times { |i| execute :echo, i }
    fetch(:list, []).each { |item| execute :never, item }
  end
end
