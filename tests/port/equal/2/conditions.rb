# Decisions.
set :application, "shop"
set :port, 80
set :nothing, nil
set :no, false
role :app, "app1"

task :ifs do
  run "low" if port < 100
  run "no" unless port < 100
  if application == "shop" and port != 81
    run "both"
  end
  unless no
    run "not no"
  else
    run "never"
  end
  run(nothing ? "some" : "none")
  value = nothing || "default"
  run "echo #{value}"
  other = no && "never"
  run "echo other" unless other
  run "echo #{port.between?(1, 100) ? "between" : "outside"}"
end

task :cases do
  case port
  when 22 then run "ssh"
  when 80, 8080
    run "http"
  else run "unknown"
  end
  case application
  when /^sh/ then run "sh…"
  when "x" then run "x"
  end
  kind = case
         when port > 100 then "high"
         when port > 10 then "middle"
         else "low"
         end
  run "echo #{kind}"
  label = if port == 80 then "std" else "own" end
  run "echo #{label}"
end

task :truth do
  list = []
  run "empty" if list.empty?
  run "ruby says true" if list
  run "zero is true" if 0
  run "exists" if exists?(:port)
  run "missing" unless exists?(:prot)
  run "fetch #{fetch(:prot, 1)}"
  x = nil
  x ||= 5
  run "echo #{x}"
  run "defined" if defined?(application)
  run "nil" if nothing.nil? && !application.nil?
end
