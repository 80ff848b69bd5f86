stamped = { $number }-muhr
stamp = Muhr bosish
later = { $number }-muhr quridi
