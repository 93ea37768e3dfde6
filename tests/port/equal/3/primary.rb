# The server that acts for all of a role where none is marked.
set :application, "shop"

server "one.example.com", roles: %w[lead work]
server "two.example.com", roles: %w[work lead]
server "three.example.com", roles: %w[work], primary: true

task :lead_alone do
  on primary(:lead) do
    execute :echo, "only here"
  end
end

task :each do
  on primary(:lead) do |host|
    execute :echo, host.hostname
  end
  on primary(:work) do
    execute :echo, "and here"
  end
end
