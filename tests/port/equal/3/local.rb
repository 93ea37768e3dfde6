# Commands of this machine.
set :application, "shop"
set :head, -> { `git rev-parse HEAD`.strip }

task :locally do
  run_locally do
    execute :tar, "czf", "/tmp/shop.tar.gz", "."
    within "public" do
      execute :ls
    end
    with node_env: "production" do
      execute :npm, "run", "build"
    end
  end
  system "rsync -a public/ app1:/srv"
  on roles(:app) do |host|
    upload! "public/index.html", "/srv/index.html"
    execute :echo, "head:#{fetch(:head)}"
  end
end

task :guard do
  unless `git status --porcelain`.empty?
    puts "there are changes"
    exit 1
  end
  on(roles(:app)) { execute :goes_on }
end

task :for_each do
  on roles(:app) do |host|
    run_locally { execute "rsync -a public #{host.hostname}:/srv" }
  end
end
