# What functions, blocks and loops give, and what is said on the way out.
set :application, "shop"
set :repo_url, "git@example.com:shop.git"
server "app1.example.com", roles: %w[app]

def kept
  @kept ||= "kept".upcase
end

def two
  number = 2
end

def named(name)
  return puts("no name") if name.nil?
  puts "name: #{name}"
end

task :functions do
  puts kept, two + 1
  named nil
  named "a"
end

task :loops do
  %w[a b].each do |one|
    next puts("not #{one}") if one == "a"
    puts one
  end
  next puts("out") if two == 2
  puts "never"
end

task :versions do
  puts Gem::Version.new("1.10") > Gem::Version.new("1.9"), Gem::Version.new("1.0") == Gem::Version.new("1")
  puts Gem::Version.new("2.0.rc1") < Gem::Version.new("2.0")
  puts /x(a)/.match("xa").captures.first
end

task :inside do
  on roles(:app) do
    number = within("/srv") { capture(:cat, "number") }
    execute :touch, "number" if number.nil?
    case capture(:cat, "kind")
    when /first/, /second/ then execute :touch, "first"
    else execute :touch, "other"
    end
  end
end

task :closures do
  known = lambda do |word|
    next "none" if word.nil?
    "some #{word}"
  end
  puts known.call(nil), known.call("x")
  puts %w[a b].map { |word| next "first" if word == "a"
                            word }.join(" ")
  root = Pathname.new("/srv/shop")
  log = root + "log"
  puts log + "a.log", root + "/etc"
  puts JSON.generate(a: 1), JSON.pretty_generate("a" => [1])
end

def early(word)
  value = begin
    return "early" if word == "now"
    Integer(word)
  rescue ArgumentError
    "no number"
  end
  value
end

task :apart do
  ages = { "a" => 1, "b" => 2 }
  puts ages.inject(0) { |sum, (_, age)| sum + age }
  puts ages.each_with_object([]) { |(name, age), all| all << "#{name}#{age}" }.join(" ")
  puts early("now"), early("7"), early("x")
  puts %w[x y].each_with_index.map { |word, index| next "first" if index == 0
                                     word }.join(" ")
end

def options_of(a, options = {})
  "#{a} #{options[:x]} #{options.fetch(:y, 5)}"
end

def with_names(a, b = 2, c: 3)
  "#{a} #{b} #{c}"
end

def passes(list, &block)
  list.each(&block)
end

task :given do
  puts options_of(1), options_of(1, x: 2, y: 3), with_names(1), with_names(1, 5, c: 0)
  passes(%w[a b]) { |one| puts one }
  text = +""
  text << "one" << "two"
  list = []
  list << 1 << [2]
  puts text, list.length
end

task :marked do
  puts "a\n\nb\n".gsub(/^/, "# "), "c\nd".gsub(/^/) { "- " }
end

def each_named(words)
  words.map { |word| "#{word}!" }
end

def each_numbered(words)
  words.each_with_index.map do |word, number|
    word = word.strip
    "#{number}#{word}"
  end
end

def either(word)
  word && word.upcase
end

set :numbers, -> { 3.times.map { |number| "n#{number}" } }
set :pairs, -> { %w[a b].product(%w[c d]).map { |one, other| one + other } }

task :lists do
  puts each_named(%w[a b]).join(" "), each_numbered([" a", "b "]).join(" "), either("x"), either(nil).nil?
  puts fetch(:numbers).join(" "), fetch(:pairs).join(" "), 3.times.to_a.join(","), 1.upto(3).map { |n| n * 2 }.join(",")
  puts (1..7).step(3).to_a.join(","), %w[a b c].each_cons(2).map { |row| row.join }.join(" ")
  puts %w[a b].map.with_index(1) { |word, number| "#{number}#{word}" }.join(" "), Array.new(2) { |n| "w#{n}" }.join(" ")
  puts Array.new(2, "x").join, %w[b a b].tally["b"], { "a" => "b" }.invert["b"], "aabbc".squeeze, "aabb".squeeze("a")
  puts [1, 2, 9, 1].take_while { |n| n < 5 }.join, [1, 2, 9, 1].drop_while { |n| n < 5 }.join
  puts [1, nil, 2].filter_map { |n| n && n + 1 }.join, %w[a b].each_with_index.to_a.map { |word, number| word * (number + 1) }.join
  puts({ "a" => 1 }.each_with_index.map { |(key, value), number| "#{key}#{value}#{number}" }.join)
end

def counted
  within("/srv") { capture(:cat, "count") }
end

def collected
  all = []
  all << "one"
end

def stripped(text)
  text.each_line.map(&:strip)
end

task :ends do
  on roles(:app) do
    execute :touch, "nothing" if counted.nil?
  end
  puts collected.join, stripped(" a\n b\n").join
end
