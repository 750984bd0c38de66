// The run-time compiler knows size_t by itself.
#pragma once
typedef long ptrdiff_t;
