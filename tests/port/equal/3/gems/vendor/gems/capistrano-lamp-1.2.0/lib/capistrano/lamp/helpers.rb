module Capistrano
  module Lamp
    module Helpers
      def lamp_file(name)
        "#{shared_path}/#{name}.lamp"
      end

      def lit?
        test "[ -f #{lamp_file('on')} ]"
      end

      def louder(words, *keys)
        words.unshift(:sudo) if keys.include?(:loud)
      end

      def lamp_command(*words)
        on roles(fetch(:lamp_roles)) do
          within shared_path do
            with fetch(:lamp_env) do
              execute(*words)
            end
          end
        end
      end
    end
  end
end
