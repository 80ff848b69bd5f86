stamped = Печать № { $number }
stamp = Поставить печать
later = Печать № { $number } высохла
