#pragma once
#include <sqlite3.h>
#include <sys/timex.h>
