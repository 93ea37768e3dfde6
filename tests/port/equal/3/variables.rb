# Variables in the ways of 3.x.
set :application, "shop"
set :lazy, -> { "#{fetch(:base)}/lazy" }
set :old_lambda, lambda { "#{fetch(:base)}/old" }
set(:block) { fetch(:base) + "/block" }
set :base, "/srv"
set_if_empty :base, "/never"
set_if_empty :given, "given"
set :linked_dirs, %w[log tmp/pids]
append :linked_dirs, "public/system", "vendor"
remove :linked_dirs, "log"
set :linked_files, fetch(:linked_files, []).push("config/database.yml")
set :branch, ENV.fetch("BRANCH", "main")
set :tag, ENV["TAG"] || "none"
set :numbers, [1, 2]

task :shows do
  on roles(:app) do
    execute :echo, fetch(:lazy), fetch(:old_lambda), fetch(:block), fetch(:given)
    execute :echo, fetch(:linked_dirs).join(","), fetch(:linked_files).join(",")
    execute :echo, fetch(:branch), fetch(:tag), fetch(:nothing, "default")
    execute :echo, any?(:numbers), any?(:nothing)
    execute :echo, fetch(:nothing).nil?
  end
end

task :changes do
  set :base, "/other"
  on(roles(:app)) { execute :echo, fetch(:lazy), fetch(:given) }
end
