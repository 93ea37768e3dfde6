include Capistrano::Lamp::Helpers

namespace :load do
  task :defaults do
    set :lamp_colour, "white"
    set :lamp_watts, 40
    set :lamp_roles, -> { :all }
    set :lamp_env, { lamp_mode: "quiet" }
  end
end

namespace :lamp do
  desc "Turn the lamp on"
  task :on do
    on roles(fetch(:lamp_roles)) do
      execute :touch, lamp_file(fetch(:lamp_colour))
      execute :echo, fetch(:lamp_watts)
    end
  end

  desc "Turn it off"
  task :off do
    on roles(fetch(:lamp_roles)) do
      execute :rm, lamp_file("on") if lit?
    end
  end

  task :log do
    on roles(:app) do
      words = [:logger, "lamp", "on"]
      louder words, :loud
      execute(*words)
    end
  end

  task :dim do
    lamp_command :dim, "--slowly"
  end

  %w[red green].each do |colour|
    desc "Turn to #{colour}"
    task colour => ["lamp:on"] do
      on roles(:app) do
        execute :echo, colour
      end
    end
  end

  after "lamp:green", "lamp:log"
end
