# Ruby's own.
require "yaml"
require "json"
set :application, "shop"
role :app, "app1"

task :hashes do
  config = { "production" => { "adapter" => "mysql", "pool" => 5 } }
  run "echo yaml" if config.to_yaml.include?("adapter: mysql")
  parsed = YAML.load("a: 1\nb: [x, z]")
  run "echo #{parsed["a"]} #{parsed["b"].join("+")}"
  json = JSON.parse('{"k": {"v": 2}}')
  run "echo #{json["k"]["v"]}"
  merged = { :a => 1 }.merge(:b => 2)
  run "echo #{merged[:a]} #{merged[:b]}"
end

task :paths do
  run "echo #{File.join("a", "b")} #{File.basename("/x/y.rb")} #{File.basename("/x/y.rb", ".rb")} #{File.dirname("/x/y")} #{File.extname("a.txt")}"
  run "echo there" if File.exist?("config/deploy.rb")
  run "echo not there" unless File.exists?("config/none.yml")
end

task :counting do
  3.times { |i| run "echo #{i}" }
  1.upto(2) { |i| run "echo up #{i}" }
  (1..3).each { |i| next if i == 2; run "echo #{i}" }
  i = 0
  while i < 2
    i += 1
    run "echo while #{i}"
  end
  loop do
    i += 1
    break if i > 4
  end
  run "echo #{i} #{[1, 2, 3].inject(0) { |sum, n| sum + n }}"
  a, b = 1, 2
  run "echo #{a + b} #{7 / 2} #{7 % 4} #{2 ** 3}"
end
