# A command with blanks in it runs as it is: without the environment of all commands, and without `within`, `with` and `as`.
set :application, "shop"
set :default_env, { lang: "C", "Path_X" => "/opt/x" }

task :commands do
  on roles(:app) do
    execute "ls -l"
    execute :ls, "-l"
    execute "uptime"
    execute " uptime "
    execute "#{fetch(:application)} status"
    execute "echo one", "two"
    execute <<-LINES
      date
      id
    LINES
    within "/srv" do
      execute "ls -l"
      execute :ls
      sudo "ls -l"
    end
    as "deploy" do
      sudo :ls, "/root"
      sudo "id"
      execute "id -u"
    end
    with tz: "UTC" do
      execute "date -R"
      execute :date
    end
    background "sleep 9"
    info "yes" if test("[ -d /srv ]")
    info "yes" if test(:ls)
    puts "<#{capture("id -u")}>", "<#{capture(:id)}>"
  end
end

task :here do
  run_locally do
    execute "ls -l"
    execute :ls, "-l"
    sudo :ls
    with tz: "UTC" do
      execute :date
    end
  end
end
