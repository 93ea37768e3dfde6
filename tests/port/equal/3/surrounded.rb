# Functions that run commands, called where directories, environments and users surround them, and on this machine.
set :application, "shop"
set :deploy_to, "/srv/shop"
set :repo_url, "/srv/code"
server "app1", roles: %w[app web]

def unpack(from)
  execute :tar, "-xzf", from, "-C", "here"
end

def there?
  test :ls, "there"
end

def newest
  capture(:git, "describe")
end

def both(name)
  unpack "#{name}.tgz"
  execute :rm, "#{name}.tgz"
end

task :nested do
  on roles(:app) do
    within "/srv/one" do
      unpack "a.tgz"
      with rails_env: "test" do
        unpack "b.tgz"
        both "c"
        within "two" do
          both "d"
        end
      end
      as "www" do
        both "e"
      end
    end
  end
end

task :local do
  run_locally do
    execute :echo, "here"
    both "f"
    with a: "b" do
      unpack "g.tgz"
    end
  end
end

task :asks do
  on roles(:app) do
    with a: "b" do
      within "/srv/two" do
        execute :echo, "there" if there?
        unpack newest
      end
    end
  end
end
