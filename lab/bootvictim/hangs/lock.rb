# frozen_string_literal: true

# Waits for somebody who never comes.
sleep
