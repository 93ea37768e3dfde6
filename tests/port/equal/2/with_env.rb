# A variable of the environment that is set for a while.
role :app, "app1", "app2"

task :shaded do
  with_env("SHADE_OF_ALL", "dark") do
    puts ENV["SHADE_OF_ALL"]
    run "paint"
  end
  puts ENV["SHADE_OF_ALL"] || "none"
end
