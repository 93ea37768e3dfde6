require "capistrano/plugin"

module Capistrano
  class Bell < Capistrano::Plugin
    def set_defaults
      set_if_empty :bell_tone, "low"
      set_if_empty :bell_times, 2
    end

    def define_tasks
      eval_rakefile File.expand_path("../bell/tasks/bell.rake", __FILE__)
    end

    def register_hooks
      after "bell:ring", "bell:rest"
    end
  end
end
