# Functions that stand in modules: called by the module's name, by their own after include, and in blocks of servers.
set :application, "shop"

module Names
  def self.of(host, kind = "web")
    "#{kind}-#{host}"
  end

  class << self
    def plain(text)
      text.downcase
    end
  end
end

module Work
  def look(path)
    execute :ls, path
  end

  def inside(path)
    "/srv/#{path}"
  end
end

include Work

module Deep
  module_function

  def twice(text)
    text + text
  end

  class Inner
    def self.tail(text)
      "#{Deep.twice(text)}."
    end
  end
end

task :named do
  on roles(:app) do |host|
    execute :echo, Names.of(host.hostname), Names.of(host.hostname, "job"), Names::plain("ABC")
  end
end

task :included do
  on roles(:db) do
    look inside("a")
    execute :echo, Deep.twice("ab"), Deep::Inner.tail("c")
  end
end
