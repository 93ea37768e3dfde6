# within, with and as, alone and in each other.
set :release, "/srv/app/current"

task :dir do
  on roles(:app) do
    within "/srv/app" do
      execute :rake, "db:migrate"
      execute "ls && pwd"
    end
    within fetch(:release) do
      execute :rake, "x"
    end
  end
end

task :env do
  on roles(:app) do
    with rails_env: :production, path: "/opt/bin:$PATH" do
      execute :rake, "assets:precompile"
    end
  end
end

task :user do
  on roles(:db) do
    as :postgres do
      execute :psql, "-l"
    end
    as user: "app" do
      execute :id
    end
  end
end

task :onion do
  on roles(:app) do
    as :deploy do
      within "/srv" do
        with a: "b c" do
          execute :make, "all"
          execute "make by hand"
        end
      end
    end
  end
end

task :nested do
  on roles(:app) do
    within "/srv" do
      within "public" do
        execute :ls
      end
      execute :pwd
    end
  end
end
