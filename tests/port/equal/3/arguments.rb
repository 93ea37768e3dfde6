# Prerequisites and arguments.
task :check do
  on(roles(:db)) { execute :check }
end

task greet: :check do
  on(roles(:app)) { execute :greet }
end

task :both => [:greet] do
  on(roles(:web)) { execute :both }
end

desc "Say something."
task :say, [:what, :to] do |task, args|
  args.with_defaults(what: "hello", to: "world")
  on(roles(:app)) { execute :echo, args[:what], args.to }
end

task :calls do
  invoke "greet"
  invoke! "check"
end

# All words in brackets; none here.
task :others do |_, args|
  on(roles(:app)) { execute :echo, "others", args.extras.length }
end
