# Assets are compiled if they have changed: the commands of git come from `source`.
set :application, "shop"
set :scm, :git
set :repository, "git@git.example.com:shop.git"
set :seen, "1f0c3d2"
role :app, "app1", "app2"
role :db, "db1", :primary => true

task :changed, :roles => :app do
  from = source.next_revision(seen)
  count = capture("cd /srv/shop && #{source.local.log(from)} vendor/assets/ app/assets/ | wc -l").to_i
  puts "changed: #{count}"
  run "cd /srv/shop && #{source.log(seen, 'main')} | cat"
end

# Without the colon it is no option, and the task goes everywhere.
task :everywhere, roles => :app do
  run "uptime"
end

task :pairs, :roles => :app do
  facts = { "role" => "app", "zone" => "north" }
  words = facts.map { |name, value| "#{name}=#{value}" }.join(" ")
  run "echo #{words}"
  couples = [["one", 1], ["two", 2]]
  run "echo " + couples.map { |name, number| "#{name}:#{number}" }.join(",")
end

task :notes do
  File.open("/tmp/notes-of-shop", "w") { |file| file.write("shop\n") }
  run "true"
end
