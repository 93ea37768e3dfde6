# Keys that are computed, parameters with names, and values that may fail.
set :application, "shop"
set :shared, "/srv/shop/shared"
set :release, "/srv/shop/release"
set :vars, { rails_env: "production", lang: "C" }

def said(what, loud: false, times: 1)
  mark = loud ? "!" : "."
  "#{what}#{mark}#{times}"
end

links = {
  "#{fetch(:shared)}/z.yml" => "#{fetch(:release)}/config/z.yml",
  "#{fetch(:shared)}/a.yml" => "#{fetch(:release)}/config/a.yml",
}

task :links do
  on roles(:app) do
    links.each do |from, to|
      execute :ln, "-nfs", from, to
    end
    execute :echo, links.map { |from, to| "#{from}:#{to}" }.join(",")
    { "b" => 2, "a" => 1 }.each { |name, value| execute :echo, name, value }
  end
end

task :maps do
  on roles(:web) do
    name = "port"
    map = { "#{name}_a" => 80, plain: 81 }
    execute :echo, map["port_a"], map[:plain]
    execute :echo, map.key?("port_a")
  end
end

task :named do
  on roles(:web) do
    execute :echo, said("hello")
    execute :echo, said("hello", loud: true)
    execute :echo, said("hello", times: 3, loud: false)
  end
end

task :fails do
  on roles(:web) do
    number = Integer("no") rescue 7
    execute :echo, number
    other = begin
      Integer("12")
    rescue
      0
    end
    execute :echo, other
    kept = [1, 2, 3, 4]
    kept.delete_if { |item| item > 2 }
    execute :echo, kept.join("-")
    kept.select! { |item| item == 1 }
    execute :echo, kept.join("-")
    execute :echo, (10 / 4.0).round(1), 2.6.round
  end
end

task :within_map do
  on roles(:app) do
    with fetch(:vars) do
      execute :printenv
    end
  end
end

task :words do
  on roles(:web) do |host|
    within "/srv/shop" do
      rake "db:migrate"
      make :all
    end
    execute :echo, host.roles_array.sort.join(",")
  end
end

ENV["SHOP_COLOUR"] = "green"
ENV["SHOP_SIZE"] ||= "large"

task :environment do
  on roles(:db) do
    execute :echo, ENV["SHOP_COLOUR"], ENV.fetch("SHOP_SIZE")
    ENV["SHOP_SIZE"] = nil
    execute :echo, ENV["SHOP_SIZE"].nil?
  end
end
