# Functions that are given a block.
def twice(*words, &block)
  2.times { words.each { |word| block.call(word) } }
end

def below(dir, user = nil)
  return unless block_given?
  within dir do
    yield user || "nobody"
  end
ensure
  execute :left, dir
end

def outer(word, &block)
  twice(word, &block)
end

task :with_blocks do
  count = 0
  on roles(:app) do
    twice "a", "b" do |word|
      next if word == "b"
      execute :echo, word
    end
    below "/srv" do |user|
      execute :id, user
    end
    below("/srv", "me") { |user| execute :id, user }
    below "/none"
    outer("z") { |word| execute :rm, word }
  end
  twice("n") { |_| count += 1 }
  puts count
end

def careful
  step = "first"
  yield
  step = "second"
rescue => e
  puts "#{step}: #{e.message}"
end

task :rescued do
  careful { raise "no" }
end
