# When values are evaluated.
set :application, "shop"
set :eager, "/srv/#{application}"
set(:from_block) { "#{base}/block" }
set :lambda_one, lambda { "#{base}/lambda" }
set :proc_one, Proc.new { "#{base}/proc" }
set :deferred, defer { "#{base}/defer" }
set :base, "/base"
_cset(:given) { "given" }
_cset :application, "never"
set :quiet, true unless exists?(:quiet)
set(:branch) { fetch(:tag, "master") }
set(:chosen) do
  if base == "/base"
    "first"
  else
    "second"
  end
end
role :app, "app1"

task :shows do
  run "echo #{eager} #{from_block} #{lambda_one} #{proc_one} #{deferred}"
  run "echo #{given} #{application} #{quiet} #{branch} #{chosen}"
  run "echo #{fetch(:nothing, "default")} #{variables[:base]}"
end

task :changes do
  set :base, "/other"
  run "echo #{base} #{from_block}"
  unset :given
  run "echo #{exists?(:given)}"
end
