# Functions that are given a block.
set :user, "me"
role :app, "app1", "app2"

def in_turn(words, times = 1, &block)
  times.times { words.each { |word| block.call(word) } }
end

def as_another(name)
  before = fetch(:greeting, "none")
  set :greeting, name
  yield
ensure
  set :greeting, before
end

task :with_blocks, :roles => :app do
  in_turn(%w(a b)) { |word| run "echo #{word}" }
  in_turn %w(c), 2 do |word|
    run "rm #{word}"
  end
  as_another("bob") { run "hello #{greeting}" }
  in_turn(%w(d)) { |user| run "echo #{user}" }
  run "bye #{greeting}"
end

def announced(command, options = {}, &block)
  puts command
  run "nice #{command}", options, &block
end

task :handed_on do
  announced "ls"
  announced "rm x", :hosts => "app2"
  announced("cat x", :roles => :app) { |channel, stream, data| puts data }
end
