require File.dirname(__FILE__) + "/../cap_lamp" unless defined?(CapLamp)

Dir.glob(File.join(File.dirname(__FILE__), "recipes", "*.rb")).sort.each { |file| load file }
