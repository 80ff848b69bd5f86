stamped = Stamp { $number }
stamp = Set a stamp
later = Stamp { $number } is dry
