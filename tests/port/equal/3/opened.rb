set :application, "shop"
set :repo_url, "https://example.com/shop.git"

task :appends do
  File.open("note.txt", "w") { |file| file.truncate(0) }
  File.open("note.txt", "a") do |file|
    file.puts "one"
    file.write "two\n"
  end
  file = File.open("note.txt", "a")
  file.puts "three"
  file << "four\n"
  file.close
  puts "written"
end

task :assigns do
  if (line = "a-b".sub("-", "+")) != ""
    puts line
  end
  unless (other = "x").empty?
    puts other
  end
  if File.exist?(name = "none.txt")
    puts "no"
  elsif File.exist?(name = "config/database.yml")
    puts name
  end
end

task :children do
  names = []
  Dir.foreach("keys") do |name|
    names << name unless %w[. ..].include?(name)
  end
  puts names.sort.join(" ")
  Dir.each_child("public") { |name| puts name }
  puts Dir.children("keys").sort.join(" ")
end

task :extras do |_, args|
  puts args.extras.size
end

task :proxied do
  puts fetch(:asked)
end

set :asked, ENV["NOT_SET"] || Proc.new { "lazy" }
