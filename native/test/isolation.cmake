# The kernels of one instruction set must share no function with those of another: the linker keeps
# one copy of an inline function, and were it the one that was compiled for AVX-512, an older
# processor would stop at it. So an object of native/src/isa/ may define weak symbols only within
# the namespace of its set. Arguments: NM, OBJECTS (a list).
foreach(object IN LISTS OBJECTS)
  if(NOT object MATCHES "isa/([a-z0-9]+)\\.cpp")
    continue()
  endif()
  set(instruction_set ${CMAKE_MATCH_1})
  execute_process(COMMAND ${NM} -C ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]* [WT] [^\n]*" functions "${symbols}")
  foreach(function IN LISTS functions)
    if(NOT function MATCHES "woodfisher::${instruction_set}::")
      message(SEND_ERROR "${instruction_set} shares a function: ${function}")
    endif()
  endforeach()
endforeach()
