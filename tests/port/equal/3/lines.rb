# Line ends in commands, and what is not there in strings.
set :application, "shop"
set :tool, { "name" => "hammer" }
SSHKit.config.command_map[:tool] = -> { "/opt/#{fetch(:application)}/tool" }

def said(text, more = nil)
  "#{text}:#{more}"
end

task :lines do
  on roles(:app) do
    execute "echo 'one
      two'"
    execute :tool, "x"
  end
end

task :missing do
  given = { "a" => "1" }
  on roles(:app) do |host|
    name = host.properties.nick if host.properties.nick
    execute :echo, "#{given["a"]}-#{given["b"]}-#{fetch(:tool)["size"]}-#{name}"
    execute :echo, given["c"], given["d"].to_s + "x", said("t"), said("t", "u")
    found = %w[one two].find { |word| word == "three" }
    execute :echo, "<#{found}>"
  end
end
